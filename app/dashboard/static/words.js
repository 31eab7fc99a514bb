// Texts that take in what the API has answered, and the line in which a page says what came of an action.

/** Put what was told into a text's places, {id} or {limits.max_running}; `form` makes texts of the values. */
export function fill(text, told, form = String) {
  return text.replace(/\{([\w.]+)\}/g, (_, name) => form(name.split(".").reduce((value, key) => value?.[key], told) ?? ""));
}

/** Fill in a path; it leads nowhere where what it should name is not told. */
export function fillPath(path, told) {
  const lacks = [...path.matchAll(/\{(\w+)\}/g)].some(([, name]) => told?.[name] == null);
  return lacks ? "" : fill(path, told, encodeURIComponent);
}

/** Give a number with what is counted, which takes an s. */
export function counted(number, thing) {
  return `${number.toLocaleString()} ${thing}${number === 1 ? "" : "s"}`;
}

/** Say something to whoever looks at or listens to the page; `path` is where to see more. */
export function say(text, { bad = false, path = "" } = {}) {
  const line = document.getElementById("say");
  line.classList.toggle("bad", bad);
  line.replaceChildren(text);
  if (path) {
    const link = document.createElement("a");
    link.href = path;
    link.textContent = "Show it";
    line.append(" ", link);
  }
}
