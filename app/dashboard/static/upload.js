// Sends files, dropped or chosen, one after the other; where that is wished each is synced at once.

import { send } from "./api.js";
import { clearMistakes, showMistakes } from "./form.js";
import { refresh } from "./refresh.js";
import { say } from "./words.js";

/** Listen to the forms that upload. */
export function startUploads() {
  for (const form of document.querySelectorAll("form[data-upload]")) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      uploadAll(form);
    });
    listenToDrops(form);
  }
}

function listenToDrops(form) {
  const place = form.querySelector("[data-drop]");
  const input = place.querySelector("input[type=file]");
  place.addEventListener("dragover", (event) => {
    event.preventDefault();
    place.dataset.over = "";
  });
  place.addEventListener("dragleave", () => delete place.dataset.over);
  place.addEventListener("drop", (event) => {
    event.preventDefault();
    delete place.dataset.over;
    input.files = event.dataTransfer.files;
    form.requestSubmit();
  });
}

async function uploadAll(form) {
  const input = form.querySelector("input[type=file]");
  clearMistakes(form);
  for (const file of [...input.files]) {
    try {
      const kept = await upload(form, file);
      list(form, kept);
      if (form.querySelector("[data-sync]").checked) await send("POST", "/api/data-sync/single", { file_id: kept.id });
      say(`${kept.name} is there.`, { path: `/files/${kept.id}` });
    } catch (error) {
      showMistakes(form, error);
      return;
    }
  }
  input.value = "";
  await refresh();
}

/** Send one file with the fields beside it; its progress is shown. Only XMLHttpRequest tells how far it is. */
function upload(form, file) {
  const bar = form.querySelector("[data-sent]");
  const data = new FormData(form);
  data.set("file", file);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", form.dataset.upload);
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => (bar.value = event.loaded / event.total));
    request.addEventListener("loadend", () => {
      bar.hidden = true;
      const told = request.response;
      if (request.status === 200 || request.status === 201) resolve(told);
      else reject({ message: told?.detail ?? "the server does not answer", mistakes: told?.errors });
    });
    bar.value = 0;
    bar.hidden = false;
    request.send(data);
  });
}

function list(form, file) {
  const link = document.createElement("a");
  link.href = `/files/${file.id}`;
  link.textContent = file.name;
  const entry = document.createElement("li");
  entry.append(link);
  form.querySelector("[data-uploaded]").append(entry);
}
