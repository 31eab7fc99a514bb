// Where the focus is in a region, so that it is there again once the region was made anew.

/**
 * Say by what an element is found again: a selector, which it is of those that fit, and where in its text the cursor is;
 * null where nothing tells.
 */
export function placeOf(element, region) {
  const selector = selectorOf(element);
  const index = selector && [...region.querySelectorAll(selector)].indexOf(element);
  return selector && { selector, index, cursor: element.selectionStart ?? null };
}

/** Focus what is at the place now; where it is gone, the region itself, from which one goes on. */
export function focusAt(place, region) {
  const found = place ? [...region.querySelectorAll(place.selector)] : [];
  const element = found[place?.index] ?? found.at(-1);
  if (!element) region.tabIndex = -1;
  (element ?? region).focus({ preventScroll: true });
  if (place?.cursor != null && element?.selectionStart != null) element.setSelectionRange(place.cursor, place.cursor);
}

function selectorOf(element) {
  const { id, dataset } = element;
  if (id) return `#${CSS.escape(id)}`;
  if (dataset.pick) return `[data-pick="${CSS.escape(dataset.pick)}"]`;
  if ("pickAll" in dataset) return "[data-pick-all]";
  if (element.matches("a[href]")) return `a[href="${CSS.escape(element.getAttribute("href"))}"]`;
  if (element.matches("details[id] > summary")) return `#${CSS.escape(element.parentElement.id)} > summary`;
  if (element.matches("[aria-label]")) return `[aria-label="${CSS.escape(element.getAttribute("aria-label"))}"]`;
  return null;
}
