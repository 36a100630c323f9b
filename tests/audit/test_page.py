"""The audit report as a page."""

import base64
import hashlib
import re
from collections.abc import Iterator
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audiencesync.audit import facts
from audiencesync.audit.charts import bars_across, bars_up, step_of
from audiencesync.audit.html import duration, shown_text, unit
from audiencesync.audit.report import write_report
from audiencesync.ledger import drop_old
from audiencesync.ledger.meter import stored_time
from audiencesync.records import RunStatus
from audiencesync.store import Store
from tests.audit.books import RUN, Books, Push, accepted, document, rejected, small_run

GOLDEN = Path(__file__).parent / "golden" / "report.html"
VOID = {"meta", "br", "path", "rect", "link", "img"}


class Page(HTMLParser):
    """Reads a page and refuses one whose tags do not close in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID or tag == "rect":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append((self.open[-1] if self.open else "", data))

    def all(self, tag: str) -> Iterator[dict[str, str | None]]:
        return (attrs for name, attrs in self.tags if name == tag)

    @property
    def words(self) -> str:
        return " ".join(" ".join(text for tag, text in self.texts if tag != "style").split())


def cure(code: str) -> str:
    return f"mend {code}"


def text_of(books: Books, tmp_path: Path, run: str = RUN) -> str:
    write_report(books.store, run, "html", tmp_path / "page.html", cure=cure)
    return (tmp_path / "page.html").read_text(encoding="utf-8")


def test_the_page_is_written_as_it_was_agreed(books: Books, tmp_path: Path) -> None:
    small_run(books)

    assert text_of(books, tmp_path) == GOLDEN.read_text(encoding="utf-8")


def test_the_page_begins_with_what_it_holds(books: Books, tmp_path: Path) -> None:
    small_run(books)

    page = Page(text_of(books, tmp_path))

    body = page.words[page.words.index("Holds") :]
    assert body.startswith("Holds personal data. This page shows values that were sent to Salesforce.")
    assert "Audit report Run 20260131T100000-aaaa" in body
    assert "2 of 5 changes were accepted by Salesforce, 1 rejected, 1 stopped before sending" in body
    assert "Status partial Started 2026-01-31 10:00:00 UTC Took 4.0 s" in body
    assert "audiencesync 0.1.0" in body


def test_the_books_are_shown_to_add_up(books: Books, tmp_path: Path) -> None:
    small_run(books)

    assert (
        "5 planned = 2 accepted + 1 rejected + 1 invalid + 1 unknown" in Page(text_of(books, tmp_path)).words
    )


def test_books_that_do_not_add_up_are_called_so(books: Books, tmp_path: Path) -> None:
    small_run(books)
    books.close_sync(RUN, document(planned=6))

    words = Page(text_of(books, tmp_path)).words

    assert "6 planned ≠ 2 accepted + 1 rejected + 1 invalid + 1 unknown" in words
    assert "do not add up" in words


def test_an_answer_that_came_after_the_run_is_in_its_report(books: Books, tmp_path: Path) -> None:
    small_run(books)
    books.clock.sleep(7200)
    writer = books.enqueue("20260131T120000-bbbb", [])
    (opened,) = writer.open_batches()
    writer.settle(opened.batch, {4: accepted("00QAAAAAAAAAAA4AAA")}, transient=())

    words = Page(text_of(books, tmp_path)).words

    assert "5 planned = 3 accepted + 1 rejected + 1 invalid + 0 unknown" in words
    assert "(1 unknown when the run ended, settled since)" in words
    assert "Answers per second" in words


def test_the_books_of_a_run_that_could_not_ask_for_an_earlier_one_add_up(
    books: Books, tmp_path: Path
) -> None:
    small_run(books)
    books.clock.sleep(7200)
    later = books.run("20260131T120000-bbbb")
    books.begin(later)
    books.close_sync(later, document(status="paused", planned=1, unknown=1, unknown_earlier=1))
    books.finish(later, RunStatus.PAUSED)

    words = Page(text_of(books, tmp_path, later)).words

    assert "Whether a row of an earlier run arrived was not known yet when this one ended." in words
    assert "1 planned = 0 accepted + 0 rejected + 0 invalid + 0 unknown + 1 of an earlier run" in words
    assert "settled since" not in words


def test_a_run_whose_pushes_were_dropped_is_told_by_what_it_said_itself(books: Books, tmp_path: Path) -> None:
    small_run(books)
    books.clock.sleep(86_400)
    books.execute("DELETE FROM store.outbox")
    assert drop_old(books.store, books.clock, timedelta(hours=1), at_once=True).dropped == 5

    words = Page(text_of(books, tmp_path)).words

    assert (
        "The pushes of 5 rows are no longer in the ledger , from which keep_ledger has dropped what was "
        "older than 2026-02-01 09:00:04 UTC. The numbers of the syncs are those of the run's end."
    ) in words
    assert "5 planned = 2 accepted + 1 rejected + 1 invalid + 1 unknown" in words
    assert "(as the run said at its end; the pushes of 5 have been dropped since)" in words
    assert "collections 4" in words
    assert "add up" not in words


def test_a_run_of_which_some_pushes_were_dropped_shows_the_others(books: Books, tmp_path: Path) -> None:
    small_run(books)
    books.execute("DELETE FROM store.ledger WHERE profile_key = 'k3'")
    books.store.run("retention_set", {"kept_since": stored_time(books.clock.now()), "now": None})

    words = Page(text_of(books, tmp_path)).words

    assert "The push of one row is no longer in the ledger" in words
    assert "5 planned = 2 accepted + 1 rejected + 1 invalid + 1 unknown" in words
    assert "k1" in words[words.index("Every push") :]


def test_the_page_needs_nothing_but_itself(books: Books, tmp_path: Path) -> None:
    small_run(books)

    text = text_of(books, tmp_path)

    page = Page(text)
    assert not {tag for tag, _ in page.tags} & {"script", "link", "img", "iframe", "object", "base", "form"}
    for _, attrs in page.tags:
        assert not [name for name in attrs if name.startswith("on") or name in {"src", "style", "xlink:href"}]
        assert (attrs.get("href") or "#").startswith("#")
    addresses = set(re.findall(r"https?://[^\s\"'<)]+", text))
    assert addresses <= {"http://www.w3.org/2000/svg"}
    assert "@import" not in text
    assert "url(" not in text


def test_the_policy_allows_this_style_and_nothing_else(books: Books, tmp_path: Path) -> None:
    small_run(books)

    text = text_of(books, tmp_path)

    (policy,) = (
        attrs["content"]
        for attrs in Page(text).all("meta")
        if attrs.get("http-equiv") == "Content-Security-Policy"
    )
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def test_every_table_has_a_caption_and_every_heading_cell_a_scope(books: Books, tmp_path: Path) -> None:
    small_run(books)

    page = Page(text_of(books, tmp_path))

    assert len(list(page.all("table"))) == len(list(page.all("caption"))) == 6
    assert all(attrs.get("scope") for attrs in page.all("th"))
    assert [tag for tag, _ in page.tags if tag in {"h1", "h2", "h3"}] == ["h1", *["h2"] * 6]
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    named = [attrs["aria-labelledby"] for _, attrs in page.tags if "aria-labelledby" in attrs]
    assert set(named) <= set(ids)


def test_charts_say_in_words_what_they_show(books: Books, tmp_path: Path) -> None:
    small_run(books)

    charts = list(Page(text_of(books, tmp_path)).all("svg"))

    assert [chart["role"] for chart in charts] == ["img", "img"]
    assert charts[0]["aria-label"] == (
        "Outcomes by reason. entered: 1 accepted, 1 rejected, 1 invalid, 1 unknown; trigger: 1 accepted"
    )
    assert charts[1]["aria-label"] == "Answers per second; most of them, 3, from 0:01 on."


NASTY = "</td></table><script>alert(1)</script><img src=x onerror='a()'>\"&amp;"


def test_what_looks_like_html_is_shown_and_never_obeyed(books: Books, tmp_path: Path) -> None:
    books.sync(NASTY, NASTY)
    books.run(RUN)
    books.begin(RUN)
    writer = books.enqueue(
        RUN,
        [
            Push(
                f"1{NASTY}", {NASTY: (NASTY, NASTY + "2")}, NASTY, "update", NASTY, NASTY, truncated=(NASTY,)
            ),
            Push("2", {"Name": (None, NASTY * 5)}, NASTY),
            Push("3", invalid=NASTY, message=NASTY * 5),
        ],
    )
    books.settle(writer, {1: rejected(NASTY, NASTY), 2: accepted(NASTY)})
    error = {"kind": NASTY, "message": NASTY, "hint": NASTY}
    books.close_sync(RUN, document(NASTY, planned=3, error=error))
    books.finish(RUN, RunStatus.PARTIAL, f"{NASTY}!")

    page = Page(text_of(books, tmp_path))

    assert not {tag for tag, _ in page.tags} & {"script", "img"}
    assert sum(NASTY in text for _, text in page.texts) > 12
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]


def test_values_in_every_script_keep_their_own_direction(books: Books, tmp_path: Path) -> None:
    books.sync()
    books.run(RUN)
    books.begin(RUN)
    names = {"LastName": ("محمد", "العربي"), "FirstName": ("佐藤", "さくら"), "City": (None, "Łódź 🇵🇱")}
    books.settle(books.enqueue(RUN, [Push("k", names)]), {1: accepted("00QAAAAAAAAAAA1AAA")})
    books.close_sync(RUN, document(planned=1))

    page = Page(text_of(books, tmp_path))

    for before, after in names.values():
        assert ("ins", after) in page.texts
        assert before is None or ("del", before) in page.texts
    assert {attrs.get("dir") for tag, attrs in page.tags if tag in {"ins", "del"}} == {"auto"}


def test_a_change_is_told_by_what_was_and_what_is(books: Books, tmp_path: Path) -> None:
    books.sync()
    books.run(RUN)
    books.begin(RUN)
    changed = {"a": ("1", "2"), "b": ("1", None), "c": (None, "2"), "d": ("1", "1"), "e": (None, None)}
    writer = books.enqueue(RUN, [Push("k", changed, action="update", truncated=("a",))])
    books.settle(writer, {1: accepted("00QAAAAAAAAAAA1AAA", created=False)})
    books.close_sync(RUN, document(planned=1))

    words = Page(text_of(books, tmp_path)).words

    assert "a cut short 1 → 2 b 1 → cleared c empty → 2 d 1 as before e stays empty accepted" in words, words[
        -600:
    ]
    fields = words[words.index("Fields that changed") : words.index("Every push")]
    assert "a 1 0 1 0 0 1 b 1 0 0 1 0 0 c 1 1 0 0 0 0 d 1 0 0 0 1 0 e 1 0 0 0 1 0" in fields


def test_a_long_value_is_folded_and_a_very_long_one_is_cut_with_a_note(books: Books, tmp_path: Path) -> None:
    books.sync()
    books.run(RUN)
    books.begin(RUN)
    fields = {"Folded": (None, "f" * 300), "Cut": (None, "c" * 32_768)}
    books.settle(books.enqueue(RUN, [Push("k", fields)]), {1: accepted("00QAAAAAAAAAAA1AAA")})
    books.close_sync(RUN, document(planned=1))

    text = text_of(books, tmp_path)

    assert "f" * 300 in text
    assert "c" * 4_000 in text
    assert "c" * 4_001 not in text
    assert "28,768 more characters, in the CSV and Parquet reports" in text


def test_problems_are_grouped_by_code_with_a_cure_and_examples(books: Books, tmp_path: Path) -> None:
    books.sync()
    books.run(RUN)
    books.begin(RUN)
    writer = books.enqueue(RUN, [Push(f"k{number}") for number in range(9)])
    results = {seq: rejected("STRING_TOO_LONG", f"message {seq}") for seq in range(1, 8)}
    books.settle(writer, {**results, 8: rejected("DUPLICATE_VALUE"), 9: accepted("00QAAAAAAAAAAA1AAA")})
    books.close_sync(RUN, document(planned=9))

    words = Page(text_of(books, tmp_path)).words

    part = words[words.index("What to do Example") :]
    assert "STRING_TOO_LONG rejected 7 mend STRING_TOO_LONG message 1 k0 k1 k2 k3 k4 and 2 more" in part
    assert "DUPLICATE_VALUE rejected 1 mend DUPLICATE_VALUE no k7" in part
    assert part.index("STRING_TOO_LONG") < part.index("DUPLICATE_VALUE")


def test_a_passing_error_that_was_overcome_needs_no_attention(books: Books, tmp_path: Path) -> None:
    books.sync()
    books.run(RUN)
    books.begin(RUN)
    writer = books.enqueue(RUN, [Push("k1")])
    books.settle(writer, {1: rejected("UNABLE_TO_LOCK_ROW")}, transient=("UNABLE_TO_LOCK_ROW",))
    books.settle(writer, {1: accepted("00QAAAAAAAAAAA1AAA")})
    books.close_sync(RUN, document(planned=1))

    words = Page(text_of(books, tmp_path)).words

    assert "The one change was accepted by Salesforce." in words
    assert "None: every row was accepted." in words
    assert "attempt 2" in words
    assert words.count("UNABLE_TO_LOCK_ROW") == 1


def test_a_page_that_cannot_show_all_shows_what_went_wrong_and_names_the_rest(
    books: Books, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facts, "SHOWN_ROWS", 3)
    monkeypatch.setattr("audiencesync.audit.html.SHOWN_ROWS", 3)
    small_run(books)

    words = Page(text_of(books, tmp_path)).words

    assert "The page shows 3 of 6 pushes" in words
    assert f"audiencesync report {RUN} --format csv" in words
    part = words[words.index("Fields, before → after") :]
    assert [key for key in ("k1", "k2", "k3", "k4", "k5") if key in part] == ["k2", "k3", "k4"]


def test_several_syncs_are_told_apart(books: Books, tmp_path: Path) -> None:
    books.run(RUN)
    for sync_id, name in ((1, "leads"), (2, "contacts")):
        books.sync(name, name.title(), sync_id)
        books.begin(RUN, sync_id)
        books.settle(books.enqueue(RUN, [Push("k1")], sync_id), {1: accepted("00QAAAAAAAAAAA1AAA")})
        books.close_sync(RUN, document(name, planned=1), sync_id)

    words = Page(text_of(books, tmp_path)).words

    assert "leads : 1 planned = 1 accepted" in words
    assert "contacts : 1 planned = 1 accepted" in words
    assert "contacts: entered" in words


def test_a_run_that_never_came_to_a_sync_has_a_page(books: Books, tmp_path: Path) -> None:
    books.run(RUN)
    books.finish(RUN, RunStatus.FAILED, "profiles cannot be read")

    words = Page(text_of(books, tmp_path)).words

    assert "Nothing was sent. The run ended before its first push." in words
    assert "What ended it: profiles cannot be read" in words
    assert "The run ended before it turned to a sync." in words


def test_a_run_that_was_killed_has_a_page(books: Books, tmp_path: Path) -> None:
    books.sync()
    books.run(RUN)
    books.begin(RUN)
    books.settle(books.enqueue(RUN, [Push("k1"), Push("k2")]), {1: accepted("00QAAAAAAAAAAA1AAA")})

    words = Page(text_of(books, tmp_path)).words

    assert "has not ended" in words
    assert "2 planned = 1 accepted + 0 rejected + 0 invalid + 1 unknown" in words
    assert "killed before it could close its books" in words


def test_a_clock_that_was_set_back_does_not_break_the_page(books: Books, tmp_path: Path) -> None:
    books.sync()
    books.run(RUN)
    books.begin(RUN)
    books.settle(books.enqueue(RUN, [Push("k1")]), {1: accepted("00QAAAAAAAAAAA1AAA")}, seconds=-100)
    books.close_sync(RUN, document(planned=1))

    assert "Answers per second" in Page(text_of(books, tmp_path)).words


def test_a_store_that_is_open_for_reading_only_gives_the_same_page(books: Books, tmp_path: Path) -> None:
    small_run(books)
    before = text_of(books, tmp_path)
    books.store.close()

    with Store.open(books.store.path, base=tmp_path, read_only=True) as store:
        write_report(store, RUN, "html", tmp_path / "page.html", cure=cure)
        write_report(store, RUN, "csv", tmp_path / "page.csv", cure=cure)

    assert (tmp_path / "page.html").read_text(encoding="utf-8") == before
    assert (tmp_path / "page.csv").stat().st_size > 0


@settings(deadline=None)
@given(st.text())
def test_no_control_character_reaches_the_page_unseen(text: str) -> None:
    shown = shown_text(text)

    assert len(shown) == len(text)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", shown)


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.text("abc<&\"' é李", max_size=20), st.integers(0, 10**9)), min_size=1, max_size=12)
)
def test_a_chart_of_any_numbers_is_bare_svg(bars: list[tuple[str, int]]) -> None:
    labels = [label for label, _ in bars]
    series = {"accepted": [count for _, count in bars], "rejected": [1 for _ in bars]}

    for drawn in (bars_across(labels, series, alt='<a> & "b"'), bars_up(labels, series, alt="c")):
        page = Page(drawn)
        assert {tag for tag, _ in page.tags} <= {"svg", "g", "rect", "path", "text", "title"}
        assert not [attrs for _, attrs in page.tags if {"id", "style", "onclick", "href"} & set(attrs)]
        assert sum(attrs.get("class") == "bar-accepted" for attrs in page.all("g")) <= 1


@settings(deadline=None)
@given(st.floats(0, 10**8))
def test_a_chart_over_time_has_a_few_dozen_bars(seconds: float) -> None:
    step = step_of(seconds)

    assert step >= 1
    assert seconds / step <= 30


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0.0 s"),
        (9.94, "9.9 s"),
        (12.3, "12 s"),
        (185, "3 min 5 s"),
        (7440, "2 h 4 min"),
        (90_000, "25 h 0 min"),
    ],
)
def test_a_duration_is_told_in_words(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("step", "words"),
    [(1, "second"), (5, "5 seconds"), (60, "minute"), (900, "15 minutes"), (3600, "hour"), (86400, "day")],
)
def test_a_step_is_told_in_words(step: int, words: str) -> None:
    assert unit(step) == words
