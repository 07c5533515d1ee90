// Sends the files of a private model by tus. What the server says is here decides where each goes on.
(() => {
  "use strict";
  const form = document.querySelector("form[data-upload]");
  if (!form) return;
  const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
  const list = form.querySelector("[data-files]");
  const said = form.querySelector("[data-said]");
  const button = form.querySelector("button[type=submit]");
  const pause = form.querySelector("[data-pause]");
  const headers = { "X-CSRFToken": token };
  const PIECE = 256 * 1024 * 1024; // a front or proxy that ends long requests costs one piece at most
  const AT_ONCE = 3;
  let stopped = false;
  const running = new Set();

  const say = (text, bad = false) => {
    said.textContent = text;
    said.classList.toggle("y-error", bad);
  };
  const bytes = (size) => {
    const units = ["B", "kB", "MB", "GB", "TB"];
    let at = 0;
    while (size >= 1000 && at < units.length - 1) [size, at] = [size / 1000, at + 1];
    return `${size.toFixed(at && size < 100 ? 1 : 0)} ${units[at]}`;
  };

  const PAUSES = [500, 1000, 2000, 4000, 8000, 16000];
  const ask = async (method, path, body) => {
    const answer = await fetch(path, {
      method,
      headers: { ...headers, ...(body ? { "Content-Type": "application/json" } : {}) },
      body: body && JSON.stringify(body),
    });
    const told = answer.status === 204 ? null : await answer.json();
    if (!answer.ok) {
      const error = new Error(told?.detail ?? `The yard answered ${answer.status}.`);
      error.again = answer.status >= 502;
      throw error;
    }
    return told;
  };
  // A yard that restarts, or a lost connection, is waited for. What is asked is safe to ask twice.
  const patiently = async (work) => {
    for (const pause of PAUSES) {
      try {
        return await work();
      } catch (error) {
        if (!error.again && !(error instanceof TypeError)) throw error;
        await new Promise((wake) => setTimeout(wake, pause));
      }
    }
    return work();
  };

  // A folder that was chosen gives its own name as the first part: the model's files begin below it.
  const chosen = () => {
    const found = [];
    for (const input of form.querySelectorAll("input[type=file]")) {
      for (const file of input.files) {
        const path = file.webkitRelativePath ? file.webkitRelativePath.split("/").slice(1).join("/") : file.name;
        if (!path.split("/").some((part) => part.startsWith("."))) found.push({ file, path });
      }
    }
    return found;
  };

  const row = ({ file, path }) => {
    const item = document.createElement("li");
    const name = document.createElement("span");
    const bar = document.createElement("progress");
    const words = document.createElement("span");
    name.className = "y-path";
    name.textContent = path;
    bar.className = "y-progress";
    bar.max = Math.max(file.size, 1);
    bar.value = 0;
    bar.setAttribute("aria-label", path);
    words.className = "y-muted text-xs";
    words.textContent = bytes(file.size);
    item.append(name, bar, words);
    list.append(item);
    return { item, bar, words };
  };

  const reason = (error) => {
    try {
      return JSON.parse(error.originalResponse.getBody()).detail;
    } catch {
      return "The connection broke. Press Send to go on where it stopped.";
    }
  };

  const send = (set, one, shown) =>
    new Promise((resolve, reject) => {
      const known = set.files.find((file) => file.path === one.path);
      if (known && known.length !== one.file.size) {
        reject(new Error(`${one.path} has another size than what was begun. Throw that upload away first.`));
        return;
      }
      const show = (sent) => {
        shown.bar.value = one.file.size ? sent : 1;
        shown.words.textContent = `${bytes(sent)} of ${bytes(one.file.size)}`;
      };
      const upload = new tus.Upload(one.file, {
        endpoint: set.files_url,
        uploadUrl: known?.url,
        headers,
        metadata: { filename: one.path },
        chunkSize: PIECE,
        retryDelays: [500, 2000, 5000, 10000, 20000],
        storeFingerprintForResuming: false,
        onProgress: show,
        onError: (error) => {
          running.delete(upload);
          reject(new Error(`${one.path}: ${reason(error)}`));
        },
        onSuccess: () => {
          running.delete(upload);
          show(one.file.size);
          shown.words.textContent += ", sent";
          resolve();
        },
      });
      running.add(upload);
      upload.start();
    });

  const sendAll = async (set, waiting) => {
    const queue = [...waiting];
    const work = async () => {
      while (queue.length && !stopped) {
        const [one, shown] = queue.shift();
        await send(set, one, shown);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  };

  const begin = async () => {
    const name = form.elements.name.value;
    const { results } = await ask("GET", "/api/v1/uploads");
    const open = results.find((one) => one.state === "open" && one.name.split("/").pop() === name.trim());
    return open ?? (await ask("POST", "/api/v1/uploads", { name }));
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const files = chosen();
    if (!files.length) return say("Choose the files of the model, or its folder.", true);
    stopped = false;
    button.disabled = true;
    pause.hidden = false;
    list.replaceChildren();
    try {
      say("Asking what is here already");
      const set = await patiently(begin);
      say(`Sending ${files.length} file${files.length === 1 ? "" : "s"} as ${set.name}. You may leave and go on later.`);
      await sendAll(set, files.map((one) => [one, row(one)]));
      if (stopped) return;
      say("All is sent. The import begins.");
      const done = await patiently(() => ask("POST", `/api/v1/uploads/${set.id}/finish`));
      location.assign(`/jobs/${done.workflow.split("/").pop()}/`);
    } catch (error) {
      for (const upload of running) upload.abort();
      running.clear();
      say(error.message, true);
    } finally {
      button.disabled = false;
      pause.hidden = true;
    }
  });
  pause.addEventListener("click", () => {
    stopped = true;
    for (const upload of running) upload.abort();
    running.clear();
    button.disabled = false;
    pause.hidden = true;
    say("Paused. Press Send to go on where it stopped.");
  });
  form.hidden = false;
})();
