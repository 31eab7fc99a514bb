// What is picked of a list, by the boxes of its rows.

/** Keep the box above the others, and the number that is shown, as the boxes of the rows are. */
export function startPicking() {
  document.addEventListener("change", ({ target }) => {
    if ("pickAll" in target.dataset) for (const box of boxes()) box.checked = target.checked;
    if ("pickAll" in target.dataset || target.dataset.pick) tell();
  });
  document.addEventListener("fresh", tell);
  tell(); // a browser that goes back keeps what was picked
}

/** Give the ids of what is picked. */
export function picked() {
  return boxes().filter((box) => box.checked).map((box) => box.dataset.pick);
}

/** Pick nothing any more. */
export function pickNothing() {
  for (const box of boxes()) box.checked = false;
  tell();
}

function tell() {
  const all = boxes();
  const count = picked().length;
  for (const box of document.querySelectorAll("[data-pick-all]")) {
    box.checked = all.length > 0 && count === all.length;
    box.indeterminate = count > 0 && count < all.length;
  }
  for (const place of document.querySelectorAll("[data-picked-count]")) {
    place.textContent = count ? `${count} selected` : "Nothing selected";
  }
}

function boxes() {
  return [...document.querySelectorAll("[data-pick]")];
}
