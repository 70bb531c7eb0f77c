// The large view: one picture, zoomed and moved by the SVG's viewBox so that all stays crisp.
// Lengths in units are those of the picture's SVG; x and y of `view` are its upper left corner.

const dialog = find("large");
const stage = find("stage");
const canvas = stage.firstElementChild;
const CLOSEST = 24; // times the size at which the picture fits
const STEP = 1.4;
let current = -1;
let view = { x: 0, y: 0, scale: 1 }; // scale: px of the screen a unit
let pictureSize = [1, 1];
let hot = null;
let listed = []; // objects that are on, in the list's order

function stageSize() {
  return [Math.max(stage.clientWidth, 1), Math.max(stage.clientHeight, 1)];
}

function fitScale() {
  const [wide, high] = stageSize();
  return Math.min(wide / pictureSize[0], high / pictureSize[1]);
}

// Keeps the scale within bounds and the picture on the stage, then draws.
function setView(next) {
  const [wide, high] = stageSize();
  const least = fitScale();
  const scale = Math.min(Math.max(next.scale, least), least * CLOSEST);
  const held = (start, length, room) => {
    const seen = room / scale;
    return seen >= length ? (length - seen) / 2 : Math.min(Math.max(start, 0), length - seen);
  };
  view = { scale, x: held(next.x, pictureSize[0], wide), y: held(next.y, pictureSize[1], high) };
  canvas.setAttribute("viewBox", `${view.x} ${view.y} ${wide / scale} ${high / scale}`);
  stage.classList.toggle("zoomed", scale > least * 1.01);
  placeTags();
}

function fit() {
  setView({ x: 0, y: 0, scale: fitScale() });
}

// Zooms by a factor; the point (left, top) of the stage, in px, stays where it is.
function zoom(factor, left = stage.clientWidth / 2, top = stage.clientHeight / 2) {
  const least = fitScale();
  const scale = Math.min(Math.max(view.scale * factor, least), least * CLOSEST);
  const [x, y] = [view.x + left / view.scale, view.y + top / view.scale];
  setView({ scale, x: x - left / scale, y: y - top / scale });
}

function move(left, top) {
  setView({ ...view, x: view.x + left / view.scale, y: view.y + top / view.scale });
}

function boxOf(thing) {
  const box = thing.element.lastElementChild;
  return ["x", "y", "width", "height"].map((side) => box[side].baseVal.value);
}

// Zooms to an object; back to the whole picture where it is in the middle already.
function zoomTo(thing) {
  const [x, y, width, height] = boxOf(thing);
  const [wide, high] = stageSize();
  const scale = Math.min(Math.max(Math.min(wide / width, high / height) / 1.8, fitScale()), fitScale() * CLOSEST);
  const before = { ...view };
  setView({ scale, x: x + width / 2 - wide / scale / 2, y: y + height / 2 - high / scale / 2 });
  const same = ["x", "y", "scale"].every((side) => Math.abs(view[side] - before[side]) < 1e-6);
  if (same) fit();
}

// Labels: larger objects choose first; a label without a free place waits for a closer look.
function placeTags() {
  const [wide, high] = stageSize();
  const taken = [];
  const order = hot ? [hot, ...listed.filter((thing) => thing !== hot)] : listed;
  for (const thing of [...order].sort((a, b) => (b === hot) - (a === hot) || b.width * b.height - a.width * a.height)) {
    const { tag } = thing;
    const [x, y, width, height] = boxOf(thing);
    const [left, top] = [(x - view.x) * view.scale, (y - view.y) * view.scale];
    const [right, bottom] = [left + width * view.scale, top + height * view.scale];
    const away = right < 0 || bottom < 0 || left > wide || top > high;
    const spots = away ? [] : [top - thing.tagHigh, top, bottom - thing.tagHigh, bottom];
    const inside = (value, most) => Math.min(Math.max(value, 0), Math.max(most, 0));
    const place = spots
      .map((spot) => [inside(left, wide - thing.tagWide), inside(spot, high - thing.tagHigh)])
      .map(([l, t]) => [l, t, l + thing.tagWide, t + thing.tagHigh])
      .find((box) => thing === hot || !taken.some((o) => box[0] < o[2] && o[0] < box[2] && box[1] < o[3] && o[1] < box[3]));
    tag.classList.toggle("placed", Boolean(place) && (find("labels").checked || thing === hot));
    if (!place) continue;
    taken.push(place);
    tag.style.transform = `translate(${place[0]}px, ${place[1]}px)`;
  }
}

function setHot(thing, scrolls = false) {
  if (thing === hot) return;
  for (const [one, is] of [[hot, false], [thing, true]]) {
    for (const part of one ? [one.large, one.tag, one.item.firstElementChild] : []) part.classList.toggle("hot", is);
  }
  hot = thing;
  stage.classList.toggle("choosing", Boolean(thing));
  if (thing && scrolls) thing.item.scrollIntoView({ block: "nearest" });
  placeTags();
}

function addObject(thing) {
  thing.large = thing.element.cloneNode(true);
  for (const shape of [...thing.large.children].reverse()) {
    const under = shape.cloneNode(); // a dark rim, so that the outline is seen on any ground
    under.classList.add("under");
    thing.large.prepend(under);
  }
  objectOf.set(thing.large, thing);
  const key = classes[thing.kind][2];
  thing.tag = find("tag").content.firstElementChild.cloneNode(true);
  thing.tag.classList.add(key);
  thing.tag.firstElementChild.textContent = nameOf(thing);
  if (thing.score !== null) thing.tag.append(` ${scoreText(thing.score)}`);
  find("tags").append(thing.tag);

  thing.item = find("item").content.firstElementChild.cloneNode(true);
  const button = thing.item.firstElementChild;
  thing.item.querySelector(".swatch").classList.add(key);
  thing.item.querySelector(".what bdi").textContent = nameOf(thing);
  thing.item.querySelector(".score").textContent = scoreText(thing.score);
  const kind = document.body.classList.contains("mixed") ? (thing.score === null ? "truth" : "predicted") : "";
  const said = [kind, thing.crowd ? "crowd" : "", sizeText(thing)];
  said.push(...thing.rows.map((row) => facts[row].join(": ")), `id ${thing.id}`);
  thing.item.querySelector(".more bdi").textContent = said.filter(Boolean).join(" · ");
  button.addEventListener("pointerenter", () => setHot(thing));
  button.addEventListener("pointerleave", () => setHot(null));
  button.addEventListener("focus", () => setHot(thing));
  button.addEventListener("blur", () => setHot(null));
  button.addEventListener("click", () => zoomTo(thing));
  find("list").append(thing.item);
}

function addFact(name, value) {
  const row = find("fact").content.firstElementChild.cloneNode(true);
  row.querySelector("dt bdi").textContent = name;
  row.querySelector("dd bdi").textContent = value;
  find("large-facts").append(row);
}

function showPicture(number) {
  const picture = pictures[number];
  const source = picture.card.querySelector("svg");
  current = number;
  hot = null;
  for (const id of ["list", "tags", "large-facts", "drawn"]) find(id).replaceChildren();
  while (canvas.firstElementChild.id !== "drawn") canvas.firstElementChild.remove();
  canvas.prepend(source.firstElementChild.cloneNode(true));
  pictureSize = [source.viewBox.baseVal.width, source.viewBox.baseVal.height];

  find("large-title").firstElementChild.textContent = picture.title;
  const place = visible.indexOf(number);
  find("large-place").textContent = place < 0 ? "" : `${place + 1} of ${visible.length}`;
  addFact("image id", picture.id);
  addFact("size", `${picture.size[0]} × ${picture.size[1]} px`);
  if (!picture.here) addFact("picture", "not here; only its objects are drawn");
  for (const row of picture.facts) addFact(...facts[row]);

  listed = picture.objects.filter((thing) => thing.on);
  listed.sort((a, b) => a.kind - b.kind || (b.score ?? 2) - (a.score ?? 2)); // truth first
  listed.forEach(addObject);
  find("drawn").append(...picture.objects.filter((thing) => thing.on).map((thing) => thing.large));
  for (const thing of listed) [thing.tagWide, thing.tagHigh] = [thing.tag.offsetWidth, thing.tag.offsetHeight];
  find("list-title").textContent = `Objects (${listed.length})`;
  const rest = picture.objects.length - listed.length;
  find("list-rest").textContent = rest ? `${rest} more switched off by the filters` : "";
  find("list").scrollTop = 0;
  fit();
}

// The picture that the address names is open; any other address closes the view.
function followAddress() {
  const match = /^#picture-(\d+)$/.exec(location.hash);
  const number = match ? Number(match[1]) - 1 : -1;
  if (!pictures[number]) return dialog.open && dialog.close();
  if (!dialog.open) dialog.showModal();
  if (number !== current) showPicture(number);
}

function go(step) {
  if (!visible.length) return;
  const after = visible.findIndex((number) => number > current);
  const place = visible.indexOf(current);
  const start = place >= 0 ? place + step : step > 0 ? after : after - 1;
  const number = visible[(start + visible.length) % visible.length];
  history.replaceState(null, "", `#picture-${number + 1}`);
  showPicture(number);
}

function goInList(step) {
  const rows = listed.map((thing) => thing.item.firstElementChild);
  const at = rows.indexOf(document.activeElement);
  rows[Math.min(Math.max(at + step, 0), rows.length - 1)]?.focus();
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const arrow = arrows[event.key];
  if (arrow && event.shiftKey) move(arrow[0] * 80, arrow[1] * 80);
  else if (arrow && arrow[0]) go(arrow[0]);
  else if (arrow) goInList(arrow[1]);
  else if (event.key === "+" || event.key === "=") zoom(STEP);
  else if (event.key === "-") zoom(1 / STEP);
  else if (event.key === "0") fit();
  else return;
  event.preventDefault();
}

// Pointers on the stage: one moves, two zoom, a click without a move picks an object.
const pointers = new Map();
let moved = 0;

function pointOf(event) {
  const edge = stage.getBoundingClientRect();
  return [event.clientX - edge.left, event.clientY - edge.top];
}

function spreadOf() {
  const [[x0, y0], [x1, y1]] = [...pointers.values()];
  return { apart: Math.hypot(x1 - x0, y1 - y0), middle: [(x0 + x1) / 2, (y0 + y1) / 2] };
}

function onMove(event) {
  const before = pointers.get(event.pointerId);
  if (!before) return void setHot(objectOf.get(event.target.closest(".o")) ?? null, true);
  const point = pointOf(event);
  const earlier = pointers.size === 2 ? spreadOf() : null;
  pointers.set(event.pointerId, point);
  moved += Math.hypot(point[0] - before[0], point[1] - before[1]);
  if (!earlier) return void (moved > 3 && move(before[0] - point[0], before[1] - point[1]));
  const now = spreadOf();
  move(earlier.middle[0] - now.middle[0], earlier.middle[1] - now.middle[1]);
  zoom(now.apart / Math.max(earlier.apart, 1), ...now.middle);
}

stage.addEventListener("pointerdown", (event) => {
  if (event.button || pointers.size === 2) return;
  if (!pointers.size) moved = 0;
  pointers.set(event.pointerId, pointOf(event));
  stage.setPointerCapture(event.pointerId);
});
stage.addEventListener("pointermove", onMove);
for (const kind of ["pointerup", "pointercancel"]) {
  stage.addEventListener(kind, (event) => {
    const known = pointers.delete(event.pointerId);
    if (!known || moved > 3 || kind === "pointercancel") return;
    const under = document.elementFromPoint(event.clientX, event.clientY);
    setHot(objectOf.get(under?.closest(".o")) ?? null, true);
  });
}
stage.addEventListener("pointerleave", () => setHot(null));
stage.addEventListener("dblclick", (event) => zoom(view.scale > fitScale() * 3 ? 1e-9 : 2.5, ...pointOf(event)));
stage.addEventListener(
  "wheel",
  (event) => {
    event.preventDefault();
    const lines = event.deltaMode ? event.deltaY * 30 : event.deltaY;
    zoom(Math.exp(-lines * (event.ctrlKey ? 0.01 : 0.002)), ...pointOf(event));
  },
  { passive: false },
);
new ResizeObserver(() => dialog.open && (stage.classList.contains("zoomed") ? setView(view) : fit())).observe(stage);

find("previous").addEventListener("click", () => go(-1));
find("next").addEventListener("click", () => go(1));
find("closer").addEventListener("click", () => zoom(STEP));
find("farther").addEventListener("click", () => zoom(1 / STEP));
find("whole").addEventListener("click", fit);
find("close").addEventListener("click", () => dialog.close());
dialog.addEventListener("keydown", onKey);
dialog.addEventListener("close", () => {
  if (location.hash.startsWith("#picture-")) history.replaceState(null, "", "#");
  pictures[current]?.link.focus();
  current = -1;
});
addEventListener("hashchange", followAddress);
followAddress();
