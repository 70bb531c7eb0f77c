"use strict";
// The grid: search, filters, class chips, the name under the pointer. Text of strangers is only
// ever set as textContent. The large view is gallery_view.js, which stands below in one script.

const find = (id) => document.getElementById(id);
const { classes, pictures, facts } = JSON.parse(find("data").textContent);
const fold = (text) => text.normalize("NFKC").toLowerCase();
const objectOf = new WeakMap(); // drawn element → object
const classOn = classes.map(() => true);

const factText = ([name, value]) => ({ true: name, false: "" })[value] ?? value;
const searchable = (rows) => ({
  plain: fold(rows.map((row) => factText(facts[row])).join("\n")),
  pairs: rows.map((row) => fold(facts[row].join("="))),
});

const cards = [...document.querySelectorAll(".card")];
cards.forEach((card, number) => {
  const picture = pictures[number];
  const drawn = card.querySelectorAll(".o");
  Object.assign(picture, searchable(picture.facts), { card, link: card.firstElementChild });
  picture.pairs.push(`id=${fold(picture.id)}`);
  picture.plain += "\n" + fold(`${picture.title}\n${picture.id}`);
  picture.objects = picture.objects.map((record, row) => {
    const [kind, size, crowd, score, id, rows, width, height] = record;
    const thing = { kind, size, crowd, score, id, rows, width, height, element: drawn[row] };
    Object.assign(thing, searchable(rows));
    thing.plain += "\n" + fold(classes[kind][0]);
    thing.pairs.push(`id=${fold(id)}`);
    objectOf.set(thing.element, thing);
    return thing;
  });
});
const everything = pictures.flatMap((picture) => picture.objects);

function nameOf(thing) {
  return classes[thing.kind][0] || "(no name)";
}

function countText(count) {
  return count.toLocaleString("en-US");
}

function scoreText(score) {
  if (score === null) return "";
  if (score > 0 && score < 0.005) return "<0.01";
  return score >= 0.995 && score < 1 ? ">0.99" : score.toFixed(2);
}

function sizeText(thing) {
  return `${thing.width} × ${thing.height} px`;
}

// Search: every word must fit the picture itself or one of its objects.
function wordsOf(text) {
  return [...fold(text).matchAll(/"([^"]+)"?|[^\s"]+/g)].map((match) => match[1] ?? match[0]);
}

function fits(item, word) {
  return word.includes("=") ? item.pairs.some((pair) => pair.startsWith(word)) : item.plain.includes(word);
}

// The objects that a search is about: all of them where the picture itself fits; null where it does not.
function hitsOf(picture, words) {
  const rest = words.filter((word) => !fits(picture, word));
  if (!rest.length) return picture.objects;
  if (!rest.every((word) => picture.objects.some((thing) => fits(thing, word)))) return null;
  const whole = picture.objects.filter((thing) => rest.every((word) => fits(thing, word)));
  return whole.length ? whole : picture.objects.filter((thing) => rest.some((word) => fits(thing, word)));
}

function chosen(group) {
  return new Set([...find(group).querySelectorAll("input:checked")].map((input) => input.value));
}

const objectRules = () => {
  const [sizes, kinds, crowds] = [chosen("sizes"), chosen("kinds"), find("crowds").value];
  const least = Number(find("score").value);
  return (thing) =>
    classOn[thing.kind] &&
    sizes.has(String(thing.size)) &&
    kinds.has(thing.score === null ? "truth" : "found") &&
    (thing.score === null || thing.score >= least) &&
    (!crowds || (crowds === "only") === Boolean(thing.crowd));
};

const pictureRules = {
  "": () => true,
  shown: (picture) => picture.objects.some((thing) => thing.on && !thing.faint),
  every: (picture) => {
    const held = new Set(picture.objects.filter((thing) => thing.on).map((thing) => thing.kind));
    return classOn.every((on, kind) => !on || held.has(kind));
  },
  crowd: (picture) => picture.objects.some((thing) => thing.crowd),
  empty: (picture) => !picture.objects.length,
};

let visible = []; // numbers of the pictures in the grid

function apply() {
  const words = wordsOf(find("search").value);
  const isOn = objectRules();
  const isWanted = pictureRules[find("which").value];
  let objects = 0;
  visible = [];
  pictures.forEach((picture, number) => {
    const hits = hitsOf(picture, words);
    const bright = new Set(hits ?? []);
    for (const thing of picture.objects) {
      thing.on = isOn(thing);
      thing.faint = !bright.has(thing);
      thing.element.classList.toggle("off", !thing.on);
      thing.element.classList.toggle("faint", hits !== null && thing.faint);
    }
    const stays = hits !== null && isWanted(picture);
    picture.card.hidden = !stays;
    if (!stays) return;
    visible.push(number);
    objects += picture.objects.filter((thing) => thing.on && !thing.faint).length;
  });
  find("status").textContent =
    `${countText(visible.length)} of ${countText(pictures.length)} pictures, ` +
    `${countText(objects)} of ${countText(everything.length)} objects`;
  find("nothing").hidden = visible.length > 0;
}

// Class chips
const chips = classes.map(([name, count, key], kind) => {
  const item = find("chip").content.firstElementChild.cloneNode(true);
  const button = item.firstElementChild;
  button.title = name;
  item.querySelector(".swatch").classList.add(key);
  item.querySelector("bdi").textContent = name || "(no name)";
  item.querySelector(".count").textContent = countText(count);
  button.addEventListener("click", (event) => (event.altKey ? onlyClass(kind) : toggleClass(kind)));
  button.addEventListener("dblclick", (event) => event.altKey || onlyClass(kind));
  button.addEventListener("keydown", (event) => {
    if (event.key === "o" && !event.ctrlKey && !event.metaKey) onlyClass(kind);
  });
  find("chips").append(item);
  return { item, button, text: fold(name) };
});

function setClasses(isOn) {
  classOn.forEach((_, kind) => {
    classOn[kind] = isOn(kind);
    chips[kind].button.setAttribute("aria-pressed", classOn[kind]);
  });
  apply();
}

function toggleClass(kind) {
  setClasses((other) => (other === kind ? !classOn[kind] : classOn[other]));
}

// The class alone; all of them again where it is alone already.
function onlyClass(kind) {
  const alone = classOn.every((on, other) => on === (other === kind));
  setClasses((other) => alone || other === kind);
}

function narrowChips() {
  const words = wordsOf(find("narrow").value);
  let left = 0;
  for (const chip of chips) {
    chip.item.hidden = !words.every((word) => chip.text.includes(word));
    left += !chip.item.hidden;
  }
  find("no-class").hidden = left > 0 || !chips.length;
}

function setMode() {
  document.body.dataset.mode = document.querySelector("[name=mode]:checked").value;
}

function reset() {
  for (const field of find("controls").querySelectorAll("input, select")) {
    if (field.type === "checkbox") field.checked = true;
    else if (field.type === "range") field.value = 0;
    else if (field.type !== "radio") field.value = "";
  }
  find("score-text").value = "0.00";
  narrowChips();
  setClasses(() => true);
  find("search").focus();
}

// The name of the object under the pointer
function showTip(event) {
  const thing = objectOf.get(event.target.closest(".o"));
  const tip = find("tip");
  tip.hidden = !thing || event.pointerType === "touch";
  if (tip.hidden) return;
  const said = [nameOf(thing), scoreText(thing.score), thing.crowd ? "crowd" : "", sizeText(thing)];
  tip.textContent = said.filter(Boolean).join(" · ");
  const left = Math.min(event.clientX + 12, innerWidth - tip.offsetWidth - 8);
  const below = event.clientY + 18 + tip.offsetHeight < innerHeight;
  tip.style.left = `${Math.max(left, 4)}px`;
  tip.style.top = `${below ? event.clientY + 16 : event.clientY - tip.offsetHeight - 8}px`;
}

find("search").addEventListener("input", apply);
find("narrow").addEventListener("input", narrowChips);
find("all").addEventListener("click", () => setClasses((kind) => classOn[kind] || !chips[kind].item.hidden));
find("none").addEventListener("click", () => setClasses((kind) => classOn[kind] && chips[kind].item.hidden));
find("reset").addEventListener("click", reset);
for (const id of ["sizes", "kinds", "crowds", "which"]) find(id).addEventListener("change", apply);
find("score").addEventListener("input", () => {
  find("score-text").value = Number(find("score").value).toFixed(2);
  apply();
});
for (const mode of document.querySelectorAll("[name=mode]")) mode.addEventListener("change", setMode);
find("grid").addEventListener("pointermove", showTip);
find("grid").addEventListener("pointerleave", () => (find("tip").hidden = true));
document.addEventListener("scroll", () => (find("tip").hidden = true), { passive: true });

const scored = everything.filter((thing) => thing.score !== null).length;
find("scores").hidden = !scored;
find("kinds").hidden = !scored || scored === everything.length;
document.body.classList.toggle("mixed", !find("kinds").hidden);
find("filters").open = matchMedia("(min-width: 60rem)").matches;
find("controls").hidden = false;
setMode(); // a reload keeps what was chosen
find("score-text").value = Number(find("score").value).toFixed(2);
narrowChips();
apply();
