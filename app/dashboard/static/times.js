// Shows times as the reader's own clock has them; a tooltip keeps the text of the server, in UTC.

const form = new Intl.DateTimeFormat(undefined, { dateStyle: "short", timeStyle: "medium" });

/** Turn all times of the page that have not been. */
export function localize() {
  for (const time of document.querySelectorAll("time:not([title])")) {
    time.title = time.textContent;
    time.textContent = form.format(new Date(time.dateTime));
  }
}
