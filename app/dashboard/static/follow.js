// Follows the server-sent events that `data-follow` of the content names: bars move and states change as they are told.

import { refreshSoon } from "./refresh.js";

const AT_ONCE_MS = 200;
const SOON_MS = 3000;
const AGAIN_MS = 5000;

let source = null;
let followed = "";

/** Follow what the content names now; let go what it does not name any more. Nobody looks at a hidden page. */
export function follow() {
  const wanted = document.hidden ? "" : (document.getElementById("content").dataset.follow ?? "");
  if (wanted === followed) return;
  source?.close();
  source = null;
  followed = wanted;
  if (!wanted) return;
  source = new EventSource(wanted);
  source.addEventListener("open", () => {
    if (isOfNewest()) later(); // jobs that were accepted since the page was made have no row to be told of
  });
  source.addEventListener("job", (event) => takeJob(JSON.parse(event.data)));
  source.addEventListener("progress", (event) => takeProgress(JSON.parse(event.data)));
  source.addEventListener("batch", later);
  source.addEventListener("reset", later);
  source.addEventListener("error", () => {
    if (source?.readyState !== EventSource.CLOSED) return; // the browser comes back by itself
    followed = "";
    setTimeout(later, AGAIN_MS);
  });
}

document.addEventListener("visibilitychange", follow);

function takeJob(job) {
  const isChange = job.args === undefined; // how jobs were at the beginning comes whole
  const rows = rowsOf(job.id);
  let isNews = isChange && rows.length === 0 && isOfNewest();
  for (const row of rows) {
    const state = row.querySelector(".state");
    isNews ||= state.dataset.state !== job.state;
    state.dataset.state = job.state;
    state.textContent = job.state;
    if ("progress" in job) showProgress(row, job.progress);
  }
  if (isNews) later();
  if (isChange) document.dispatchEvent(new CustomEvent("job", { detail: job }));
}

function takeProgress({ id, progress }) {
  for (const row of rowsOf(id)) showProgress(row, progress);
}

function showProgress(row, progress) {
  const shown = row.querySelector("[data-progress]");
  if (!shown) return;
  shown.hidden = !progress;
  if (!progress) return;
  const bar = shown.querySelector("progress");
  if (progress.total) {
    bar.max = progress.total;
    bar.value = progress.done;
  } else {
    bar.removeAttribute("value");
  }
  shown.querySelector("[data-far]").textContent = progress.message || progress.done.toLocaleString();
}

function rowsOf(id) {
  return document.querySelectorAll(`[data-job="${CSS.escape(id)}"]`);
}

function isOfNewest() {
  return "newest" in document.getElementById("content").dataset;
}

function later() {
  refreshSoon("atOnce" in document.getElementById("content").dataset ? AT_ONCE_MS : SOON_MS);
}
