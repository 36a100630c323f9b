// The page again every two seconds, in place; what is selected, focused or scrolled elsewhere stays.
const fresh = async () => {
  try {
    const answer = await fetch("/", { cache: "no-store" });
    if (!answer.ok) throw new Error(answer.status);
    const next = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const id of ["now", "live"]) {
      const [here, there] = [document.getElementById(id), next.getElementById(id)];
      if (here.innerHTML !== there.innerHTML) here.innerHTML = there.innerHTML;
    }
    document.title = next.title;
    document.body.classList.remove("lost");
  } catch {
    document.body.classList.add("lost");
  }
};
setInterval(() => document.hidden || fresh(), 2000);
