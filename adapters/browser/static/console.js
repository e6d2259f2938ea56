"use strict";
// All that htmx leaves to do. The pages can be read without any of it.

// A question that was sent is taken out of its box; the keyboard stays there.
document.addEventListener("htmx:afterRequest", (event) => {
  const form = event.target;
  if (event.detail.successful && form.matches && form.matches("form.question")) {
    const box = form.querySelector("textarea");
    box.value = "";
    box.focus();
    document.getElementById("end").scrollIntoView({ block: "end" });
  }
});

// Refusals come with a page that says why: it is shown where the answer would stand.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.status >= 400) {
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  }
});

// Enter asks, Shift and Enter begins a new line.
document.addEventListener("keydown", (event) => {
  const box = event.target;
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  if (!box.matches || !box.matches("form.question textarea")) return;
  event.preventDefault();
  box.form.requestSubmit();
});
