// Asks before something is done: a dialog that keeps the focus within itself, and gives it back.

import { focusAt, placeOf } from "./focus.js";

/** Ask a question of yes or no on behalf of a button or form; Escape is a no. */
export async function ask(question, asker) {
  const dialog = document.getElementById("ask").content.firstElementChild.cloneNode(true);
  const region = asker.closest("[data-region]");
  const place = region && placeOf(asker, region);
  dialog.querySelector("p").textContent = question;
  document.body.append(dialog);
  dialog.showModal();
  await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
  dialog.remove();
  if (!asker.isConnected && region) focusAt(place, region); // it was made anew meanwhile
  return dialog.returnValue === "yes";
}
