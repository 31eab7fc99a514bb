// Times as the reader's own clock has them, to be read and to be picked; the server's and the API's are in UTC.

const form = new Intl.DateTimeFormat(undefined, { dateStyle: "short", timeStyle: "medium" });

/** Turn all times of the page that have not been; a tooltip keeps the text of the server. */
export function localize() {
  for (const time of document.querySelectorAll("time:not([title])")) {
    time.title = time.textContent;
    time.textContent = form.format(new Date(time.dateTime));
  }
}

/** Let moments be picked; the form sends them as the API takes them. */
export function pickMoments() {
  for (const field of document.querySelectorAll("input[data-moment]")) {
    const at = field.value && new Date(field.value);
    field.value = ""; // which the other type could not hold
    field.type = "datetime-local";
    field.value = at ? new Date(at - 60_000 * at.getTimezoneOffset()).toISOString().slice(0, 16) : "";
    field.form.addEventListener("formdata", ({ formData }) => {
      if (field.value) formData.set(field.name, new Date(field.value).toISOString());
    });
  }
}
