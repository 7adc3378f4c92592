// Live progress, times in the reader's own clock, and questions before something is lost. Everything works without it.
"use strict";

const lasted = (seconds) => {
  if (seconds < 60) return seconds < 10 ? `${seconds.toFixed(1)} s` : `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  return whole < 3600
    ? `${Math.floor(whole / 60)} min ${whole % 60} s`
    : `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
};

// Times

const localTimes = (root) => {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (!Number.isNaN(at.valueOf())) {
      time.textContent = at.toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
    }
  }
};

const tick = (shown) => {
  const since = Date.parse(shown.dataset.since);
  const show = () => { shown.textContent = lasted(Math.max(0, (Date.now() - since) / 1000)); };
  show();
  setInterval(show, 1000);
};

// Progress: the server sends what has happened so far, then what happens

const rowOf = (list, stage) => {
  let row = list.querySelector(`[data-step="${Number(stage.step)}"]`);
  if (!row) {
    row = document.createElement("li");
    row.dataset.step = Number(stage.step);
    const name = Object.assign(document.createElement("span"), { className: "stage-name", textContent: stage.stage });
    const bar = document.createElement("progress");
    bar.setAttribute("aria-label", stage.stage);
    row.append(name, bar, Object.assign(document.createElement("span"), { className: "stage-time" }));
    list.append(row);
  }
  return row;
};

const draw = (list, stage) => {
  const row = rowOf(list, stage), bar = row.querySelector("progress"), said = row.querySelector(".stage-time");
  const closed = stage.state === "closed";
  row.className = closed ? "closed" : "open";
  if (closed) { bar.max = 1; bar.value = 1; said.textContent = lasted(stage.t - stage.began); }
  else if (stage.total) { bar.max = stage.total; bar.value = stage.done; said.textContent = `${Math.round((100 * stage.done) / stage.total)} %`; }
  else { bar.removeAttribute("value"); said.textContent = "…"; }
};

const watch = (section) => {
  const list = section.querySelector("[data-stages]"), say = section.querySelector("[data-say]");
  const source = new EventSource(section.dataset.events);
  let now = null;
  source.addEventListener("progress", (event) => {
    const stage = JSON.parse(event.data);
    if (section.querySelector("[data-waiting]")) { source.close(); location.reload(); return; }
    draw(list, stage);
    if (stage.state === "open" && stage.stage !== now) { now = stage.stage; say.textContent = `Now: ${now}`; }
  });
  source.addEventListener("status", (event) => {
    const { status } = JSON.parse(event.data);
    const waiting = section.querySelector("[data-waiting]") !== null;
    if (status === "queued" || (status === "running" && !waiting)) return;
    source.close();
    location.reload();
  });
  addEventListener("pagehide", () => source.close());
};

// Forms

const ask = (form) => form.addEventListener("submit", (event) => {
  if (!confirm(form.dataset.confirm)) event.preventDefault();
});

const once = (form) => form.addEventListener("submit", () => {
  setTimeout(() => { for (const button of form.querySelectorAll("button[type=submit]")) button.disabled = true; });
});

const upload = (form) => form.addEventListener("submit", (event) => {
  const file = form.querySelector("input[type=file]").files[0], refusal = form.querySelector("[data-refusal]");
  const limit = Number(form.dataset.limit);
  if (file && file.size > limit) {
    event.preventDefault();
    refusal.textContent = `The file has ${(file.size / 1e6).toFixed(1)} MB; this server takes ${(limit / 1e6).toFixed(0)} MB.`;
    return;
  }
  refusal.textContent = "";
  const button = form.querySelector("button");
  setTimeout(() => { button.disabled = true; button.textContent = "Uploading and reading…"; });
});

// Rows come as parts of pages; an answer that is no such page (the session is over, the run is gone) is shown whole
document.addEventListener("htmx:before:response", (event) => {
  if ([200, 422].includes(event.detail.ctx.response.status)) return;
  event.preventDefault();
  location.reload();
});

// A page that comes back from the browser's memory has its buttons again
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

localTimes(document);
document.querySelectorAll("[data-since]").forEach(tick);
document.querySelectorAll("[data-events]").forEach(watch);
document.querySelectorAll("[data-confirm]").forEach(ask);
document.querySelectorAll("[data-once]").forEach(once);
document.querySelectorAll("[data-upload]").forEach(upload);
