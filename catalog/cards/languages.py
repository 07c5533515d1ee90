"""Names of languages to the codes that cards use, and the languages that a text names."""

from __future__ import annotations

import re
from typing import Final

from catalog.cards.headings import plain_words

_NAMES: Final = """
af afrikaans|am amharic|ar arabic|as assamese|az azerbaijani|be belarusian|bg bulgarian
|bn bengali bangla|bs bosnian|ca catalan|cs czech|cy welsh|da danish|de german deutsch
|el greek|en english englisch anglais ingles|eo esperanto|es spanish espanol castilian
|et estonian|eu basque|fa persian farsi|fi finnish|fr french francais franzosisch|ga irish
|gl galician|gu gujarati|ha hausa|he hebrew|hi hindi|hr croatian|hu hungarian|hy armenian
|id indonesian|ig igbo|is icelandic|it italian italiano italienisch|ja japanese 日本語 日语
|ka georgian|kk kazakh|km khmer|kn kannada|ko korean 한국어 韩语|ky kyrgyz|lo lao
|lt lithuanian|lv latvian|mg malagasy|mk macedonian|ml malayalam|mn mongolian|mr marathi
|ms malay|mt maltese|my burmese|ne nepali|nl dutch|no norwegian|or odia oriya|pa punjabi
|pl polish|ps pashto|pt portuguese portugues portugiesisch|ro romanian|ru russian
|sa sanskrit|sd sindhi|si sinhala|sk slovak|sl slovenian|so somali|sq albanian|sr serbian
|su sundanese|sv swedish|sw swahili|ta tamil|te telugu|tg tajik|th thai|tl tagalog filipino
|tr turkish|uk ukrainian|ur urdu|uz uzbek|vi vietnamese|xh xhosa|yi yiddish|yo yoruba
|zh chinese mandarin 中文 汉语 chinesisch|zu zulu"""
CODES: Final = {
    name: code for entry in _NAMES.split("|") for code, *names in [entry.split()] for name in names
}
_KNOWN: Final = frozenset(CODES.values())
_CODE = re.compile(r"^[a-z]{2,3}(?:-[A-Za-z]{2,4})?$")
_BETWEEN = re.compile(r"[,;/、，；|()\[\]:.\n]|\band\b|\bund\b|\bet\b|\by\b|&|\+")


def languages_of(text: str) -> tuple[str, ...]:
    """Return the codes of the languages that a text names, in its order.

    Names count wherever they stand, codes only where nothing else stands beside them.
    """
    found: list[str] = []
    for part in _BETWEEN.split(text[:5000]):
        words = plain_words(part)
        if _CODE.match(part.strip()) and words.partition(" ")[0] in _KNOWN:
            found.append(part.strip())
        else:
            found += [CODES[word] for word in _named(words)]
    return tuple(dict.fromkeys(found))


def _named(words: str) -> list[str]:
    dense = [name for name in CODES if name[0] > "\u2e80" and name in words]
    return sorted(dense, key=words.find) + [word for word in words.split() if word in CODES]
