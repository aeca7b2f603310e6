"use strict";
// Hides the scans that do not fit; nothing is fetched, and no text of a scan becomes markup.
const byId = (id) => document.getElementById(id);
const rows = Array.from(byId("scans").children);
const lists = ["status", "finding", "doubts", "codes"].filter(byId);
let texts = null;

/** The rows' words in lower case, gathered when first searched. */
function wordsOf(place) {
  texts = texts || rows.map((row) => row.textContent.toLowerCase());
  return texts[place];
}

function fits(row, place, wanted, words) {
  for (const [name, values] of wanted) {
    const held = row.dataset[name].split(" ");
    if (!values.some((value) => held.includes(value))) return false;
  }
  return words.every((word) => wordsOf(place).includes(word));
}

function apply() {
  const wanted = lists.map((name) => [name, byId(name).value.split(" ").filter(Boolean)]).filter(([, values]) => values.length);
  const words = byId("words").value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  rows.forEach((row, place) => {
    row.hidden = !fits(row, place, wanted, words);
    count += row.hidden ? 0 : 1;
  });
  byId("shown").value = `${count} of ${rows.length} shown, worst first`;
  byId("none").hidden = count > 0 || rows.length === 0;
}

/** After a change by the reader: what fits is brought into view, wherever the page was scrolled to. */
function choose() {
  apply();
  if (byId("scans").getBoundingClientRect().top < 0) byId("scans").scrollIntoView();
}

function clear() {
  for (const name of [...lists, "words"]) byId(name).value = "";
  choose();
  byId("words").focus({ preventScroll: true });
}

for (const name of lists) byId(name).addEventListener("change", choose);
byId("words").addEventListener("input", choose);
byId("clear").addEventListener("click", clear);
byId("clear-too").addEventListener("click", clear);
for (const button of document.querySelectorAll("button[data-code]")) {
  button.addEventListener("click", () => {
    for (const name of [...lists, "words"]) byId(name).value = "";
    byId("codes").value = button.dataset.code;
    choose();
    byId("scans").focus();
  });
}
// the browser restores the fields when one comes back from a report
window.addEventListener("pageshow", apply);
