// From a form's fields to the JSON that the API takes, and from its mistakes back to the fields.

const READ = {
  number: exactly,
  "number or null": exactly,
  // An old browser does not tell how a number was written.
  json: (text) => JSON.parse(text, (_, value, told) => (typeof value === "number" && told ? exactly(told.source) : value)),
  lines: (text) => text.split("\n").map((line) => line.trim()).filter(Boolean),
  list: (text) => text.split(",").map((word) => word.trim()).filter(Boolean),
};

/** Give a form's fields as an object; a name with dots leads into objects within it, and empty fields are left out. */
export function bodyOf(form) {
  const body = {};
  for (const field of fieldsOf(form)) {
    const as = field.dataset.as;
    if (as === "changed" && field.value === field.defaultValue) continue;
    if (field.value === "" && as === "number or null") put(body, pathOf(field), null);
    if (field.value === "" && as !== "changed") continue;
    put(body, pathOf(field), read(field));
  }
  return body;
}

/** Mark the fields that the API has found mistakes in, and say in the form what they are. */
export function showMistakes(form, problem) {
  const left = [];
  for (const { pointer, detail } of problem.mistakes ?? []) {
    const field = fieldsOf(form).find((one) => `/${pathOf(one).join("/")}` === pointer);
    field?.setAttribute("aria-invalid", "true");
    left.push(`${pointer.slice(1).replaceAll("/", ".")} ${detail}`);
  }
  form.querySelector("[data-mistakes]")?.replaceChildren(left.length ? left.join("; ") : problem.message);
  form.querySelector("[aria-invalid]")?.focus();
}

/** Forget the mistakes of the time before. */
export function clearMistakes(form) {
  form.querySelectorAll("[aria-invalid]").forEach((field) => field.removeAttribute("aria-invalid"));
  form.querySelector("[data-mistakes]")?.replaceChildren();
}

function fieldsOf(form) {
  return [...form.elements].filter((field) => field.name || field.dataset.into);
}

function pathOf(field) {
  return field.dataset.into ? JSON.parse(field.dataset.into) : field.name.split(".");
}

function read(field) {
  try {
    return (READ[field.dataset.as] ?? String)(field.value);
  } catch (error) {
    const pointer = `/${pathOf(field).join("/")}`;
    const detail = error instanceof RangeError ? error.message : "is no JSON";
    throw Object.assign(new Error(`it ${detail}`), { mistakes: [{ pointer, detail }] });
  }
}

/** Read a number. Throws RangeError for a whole one that a script would send as another. */
function exactly(text) {
  const number = Number(text);
  if (/^[+-]?\d+$/.test(text) && !Number.isSafeInteger(number)) {
    throw new RangeError("has more digits than can be sent from a page");
  }
  return number;
}

function put(body, path, value) {
  const last = path.at(-1);
  const inner = path.slice(0, -1).reduce((at, key) => (at[key] ??= {}), body);
  inner[last] = value;
}
