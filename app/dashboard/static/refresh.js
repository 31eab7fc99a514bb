// Keeps a page fresh: it is asked for again, and those of its regions are taken over that the server shows otherwise.

import { focusAt, placeOf } from "./focus.js";

const AGAIN_S = 5;

const content = () => document.getElementById("content");
const seen = new Map(); // a region's id -> its HTML as the server sent it
let after = () => {};
let timer = null;
let dueAt = Infinity;
let under = null;
let waitUntil = 0; // after an answer that says to come back later

/** Begin; `whenFresh` is called now, and whenever something was taken over. */
export function startRefreshing(whenFresh) {
  after = whenFresh;
  for (const region of regions()) seen.set(region.id, region.innerHTML);
  after();
  plan();
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && isLive()) refresh();
  });
}

/** Ask for the page soon, within `ms` at the latest; what is planned for earlier stays so. */
export function refreshSoon(ms) {
  const at = Math.max(Date.now() + ms, waitUntil);
  if (at >= dueAt) return;
  clearTimeout(timer);
  dueAt = at;
  timer = setTimeout(refresh, at - Date.now());
}

/** Ask for the page now; while one is under way, for another after it. */
export async function refresh() {
  clearTimeout(timer);
  dueAt = Infinity;
  while (under) await under;
  under = take().catch(() => false); // the server is away
  const mayTellLater = !(await under);
  under = null;
  plan();
  // What is followed is followed again by a page that has come; nothing else may ever ask for that.
  if (mayTellLater && isLive() && !document.hidden) refreshSoon(1000 * AGAIN_S);
}

/** Take over what has changed; false where the same page may be had later. */
async function take() {
  const answer = await fetch(location.href, { cache: "no-store", headers: { Accept: "text/html" } });
  if (answer.redirected) {
    location.assign(answer.url); // nobody is logged in any more
    return true;
  }
  if (!answer.ok) {
    // A proxy may write a date, which is no number.
    waitUntil = Date.now() + 1000 * (Number(answer.headers.get("Retry-After")) || AGAIN_S);
    return answer.status !== 429 && answer.status < 500;
  }
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const region of regions()) takeOver(region, page.getElementById(region.id));
  for (const name of ["follow", "every", "atOnce", "newest"]) {
    const value = page.getElementById("content").dataset[name];
    if (value === undefined) delete content().dataset[name];
    else content().dataset[name] = value;
  }
  after();
  document.dispatchEvent(new CustomEvent("fresh"));
  return true;
}

function takeOver(region, fresh) {
  if (!fresh || fresh.innerHTML === seen.get(region.id) || isInUse(region)) return;
  seen.set(region.id, fresh.innerHTML);
  const open = new Set([...region.querySelectorAll("details[open][id]")].map((one) => one.id));
  const picked = new Set([...region.querySelectorAll("[data-pick]:checked")].map((one) => one.dataset.pick));
  const slid = new Map([...region.querySelectorAll(".scroll[id]")].map((one) => [one.id, one.scrollLeft]));
  const focused = document.activeElement;
  const isWithin = focused !== region && region.contains(focused);
  const place = isWithin && placeOf(focused, region);
  region.replaceChildren(...fresh.childNodes);
  for (const one of region.querySelectorAll("details[id]")) one.open ||= open.has(one.id);
  for (const one of region.querySelectorAll("[data-pick]")) one.checked = picked.has(one.dataset.pick);
  for (const [id, left] of slid) document.getElementById(id)?.scrollTo({ left });
  if (isWithin) focusAt(place, region);
}

/** Whoever types in a region, or has selected something to copy it or to type over it, is not to lose that. */
function isInUse(region) {
  const focused = document.activeElement;
  const types = focused.matches("select") || (focused.matches("input, textarea") && isBeingChanged(focused));
  const selection = getSelection();
  return (types && region.contains(focused)) || (!selection.isCollapsed && region.contains(selection.anchorNode));
}

function isBeingChanged(field) {
  return field.value !== field.defaultValue || field.selectionStart !== field.selectionEnd;
}

function plan() {
  const every = Number(content().dataset.every ?? 0);
  if (every && !document.hidden) refreshSoon(1000 * every);
}

function isLive() {
  return content().dataset.every !== undefined || content().dataset.follow !== undefined;
}

function regions() {
  return document.querySelectorAll("[data-region]");
}
