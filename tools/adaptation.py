"""Print how fast a site's own model learns on kinds of sites that the shipped weights never saw.

python tools/adaptation.py TRAIN DEV [SOURCE ...], two files of labelled comments; half a minute and more per source.
"""

import sys
from pathlib import Path

from moderation.learning.adaptation import adaptation, table
from moderation.learning.rows import read_rows

# In the order of the table in docs/model-card.md.
SOURCES = ("youtube_en", "instagram_en", "telegram_ru_en", "gambling_id", "instagram_fa", "blog_en")


def main(train_path: str, dev_path: str, *sources: str) -> None:
    """Measure each source in turn, left out of the weights."""
    rows, unseen = list(read_rows(Path(train_path))), list(read_rows(Path(dev_path)))
    found = [one for source in sources or SOURCES for one in adaptation(rows, unseen, source)]
    sys.stdout.write("\n".join([*table(found), ""]))


if __name__ == "__main__":
    main(*sys.argv[1:])
