// What buttons and forms do: `data-send` is what they ask of the API, `data-confirm` the question before it,
// `data-done` what is said afterwards, `data-then` where to go.

import { Problem, send } from "./api.js";
import { bodyOf, clearMistakes, showMistakes } from "./form.js";
import { refresh } from "./refresh.js";
import { fill, fillPath, say } from "./words.js";

const busy = new WeakSet();

/** Listen to all buttons and forms of the page, those that come later too. */
export function startActions() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[type=button]");
    if (button?.dataset.send) act(button, () => perform(button, bodyIn(button)));
    if (button?.dataset.each) act(button, () => performEach(button));
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.dataset.send) return;
    event.preventDefault();
    clearMistakes(form);
    act(form, () => perform(form, bodyOf(form)), (error) => showMistakes(form, error));
  });
}

/** Do something unless it is being done already; say what goes wrong. */
async function act(element, deed, tell = () => {}) {
  if (busy.has(element)) return;
  if (element.dataset.confirm && !confirm(element.dataset.confirm)) return;
  busy.add(element);
  element.setAttribute("aria-busy", "true");
  try {
    await deed();
  } catch (error) {
    tell(error);
    if (!element.querySelector("[data-mistakes]")) say(error.message, { bad: true });
    if (!(error instanceof Problem) && !error.mistakes) throw error;
  } finally {
    busy.delete(element);
    element.removeAttribute("aria-busy");
  }
}

async function perform(element, body) {
  const [method, path] = element.dataset.send.split(" ");
  const headers = element.dataset.ifMatch ? { "If-Match": element.dataset.ifMatch } : {};
  const told = await sendOn(element, method, path, body, headers);
  if (element.dataset.shows) element.querySelector("[data-shown]").textContent = told[element.dataset.shows];
  if (element.dataset.done) {
    say(fill(element.dataset.done, told), { path: fillPath(element.dataset.link ?? "", told) });
  }
  if (element.dataset.then) {
    location.assign(fillPath(element.dataset.then, told));
    return;
  }
  if (element instanceof HTMLFormElement) element.reset();
  await refresh();
}

/** Send once; with `data-on` go on as long as the answer has a cursor, and add its numbers up. */
async function sendOn(element, method, path, body, headers) {
  const sum = await send(method, path, body, headers);
  let cursor = "on" in element.dataset ? sum.next_cursor : null;
  while (cursor !== null) {
    const told = await send(method, `${path}?cursor=${encodeURIComponent(cursor)}`, body, headers);
    for (const [name, value] of Object.entries(told)) if (typeof value === "number") sum[name] += value;
    cursor = told.next_cursor;
  }
  return sum;
}

/** Do one thing to each that is picked; what cannot be done is counted, and the last reason said. */
async function performEach(button) {
  const picked = [...document.querySelectorAll("[data-pick]:checked")].map((box) => box.dataset.pick);
  if (!picked.length) {
    say("Nothing is selected.", { bad: true });
    return;
  }
  const [method, path] = button.dataset.each.split(" ");
  let done = 0;
  let reason = "";
  for (const id of picked) {
    const body = button.dataset.field ? { [button.dataset.field]: id } : undefined;
    try {
      await send(method, path.replace("{}", encodeURIComponent(id)), body);
      done += 1;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      reason = error.message;
    }
  }
  document.querySelectorAll("[data-pick]:checked").forEach((box) => (box.checked = false));
  say(reason ? `${done} of ${picked.length} done; ${reason}` : `${done} done.`, { bad: Boolean(reason) });
  await refresh();
}

function bodyIn(button) {
  return button.dataset.body === undefined ? undefined : JSON.parse(button.dataset.body);
}
