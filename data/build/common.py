"""What the builders share: dates as the sources give them, newest row of a key, column order."""

from __future__ import annotations

import re

import pandas as pd

_ISO = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")


#: Notes that only repeat, in the feed's words, what the row's key and rule say.
_REPEATS = r"^feed (?:key:|labels it only).*$|^component=[^;]*; "


def date_of(text: object) -> tuple[str, str]:
    """The as-of date (a day, or a month or year where no more is known) and a note on what it stands for."""
    given = "" if pd.isna(text) else str(text).strip()
    quarter = re.match(r"(\d{4})-Q(\d)", given)
    if quarter:
        return f"{quarter[1]}-{3 * int(quarter[2]) - 2:02d}", f"dated {given}"
    found = _ISO.search(given)
    if not found:
        return "", given
    return found[0], "" if found[0] == given else f"dated {given}"


def cut_as_of(frame: pd.DataFrame) -> pd.DataFrame:
    """``as_of`` as one date, the earlier one of a range; the source's own words and ``notes`` go into ``note``.

    Rows without any date are dropped: a price without a date is not a price.
    """
    dated = with_dates(frame)
    return dated[dated["as_of"] != ""].copy()


def with_dates(frame: pd.DataFrame) -> pd.DataFrame:
    """``as_of`` as one date, empty where there is none; ``note`` from the words on the date and the raw ``notes``."""
    pairs = frame["as_of"].map(date_of)
    words = pd.Series([note for _, note in pairs], index=frame.index, dtype="str")
    if "notes" in frame:
        given = frame["notes"].fillna("").astype("str").str.replace(_REPEATS, "", regex=True)
        words = (words + "; " + given).str.removeprefix("; ").str.removesuffix("; ")
    return frame.assign(as_of=[date for date, _ in pairs], note=words)


def newest(frame: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """The newest row of each key; ties go to the first source in the alphabet."""
    ordered = frame.sort_values(["as_of", "source"], ascending=[False, True], kind="stable")
    return ordered.drop_duplicates(keys)


def finish(
    frame: pd.DataFrame,
    keys: list[str],
    unit: str | None,
    extra: list[str] | None = None,
    basis: str = "published",
    value: str = "usd",
) -> pd.DataFrame:
    """Keys, value, extras, unit, basis, rule, source, as_of and note, in this order, sorted by the keys."""
    whole = frame.copy()
    if unit is not None:
        whole["unit"] = unit
    for column, default in (("basis", basis), ("rule", ""), ("note", "")):
        whole[column] = whole[column].fillna(default) if column in whole else default
    columns = [*keys, value, *(extra or []), "unit", "basis", "rule", "source", "as_of", "note"]
    columns = list(dict.fromkeys(columns))
    result = whole[columns].sort_values(keys, ignore_index=True, na_position="first")
    twice = result.duplicated(keys)
    if twice.any():
        raise ValueError(f"keys {keys} are not unique, for example {result.loc[twice, keys].iloc[0].to_dict()}")
    return result


def with_left_out(frame: pd.DataFrame, **rows_by_reason: int) -> pd.DataFrame:
    """The finished table with how many raw rows each reason kept out of it; PROVENANCE.json repeats them."""
    frame.attrs["left_out"] = {reason: int(rows) for reason, rows in rows_by_reason.items() if rows}
    return frame


#: Words of sources that only their first reader could follow up, and what they are for everybody else.
_PRIVATE_WORDS = (
    (r"\(text copy on GitHub, find_string id \d+\)", "(text copy in a public repository, not named)"),
    (r"GitHub files \(find_string ids [\d, ]+\)", "public repositories, not named"),
    (r"GitHub file id \d+", "a public repository, not named,"),
    (r"text index id \d+ \(repository not named\)", "a public repository, not named"),
    (r"\((text )?copy id \d+\)", "(copy in a public repository, not named)"),
    (r"(in )?stored-file \d+", "in a public repository, not named"),
    (r"\bids? \d{9,}", "a public repository, not named"),
    (r"(?:/| and) \d{11}\b", " (copy in a public repository, not named)"),
    (r";? copy kept in raw/", ""),
    (r" inside a plan document", ""),
)


def in_public_words(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with the text of its sources and notes rewritten so that nothing private is referred to."""
    result = frame.copy()
    for column in ("source", "note", "where", "rule"):
        if column in result:
            for pattern, words in _PRIVATE_WORDS:
                result[column] = result[column].astype("str").str.replace(pattern, words, regex=True)
    return result
