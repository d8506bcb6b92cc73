"""Judges that misbehave, for what runs them. They import little, since each worker does it anew."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any


def judge(job: dict[str, Any]) -> dict[str, Any]:
    """A judge that does what the page says: crashes, hangs, eats memory, fails, or answers."""
    words = Path(job["page"]).read_text(encoding="utf-8").split()
    log = os.environ.get("HANDGRAD_TEST_LOG")
    if log:
        with Path(log).open("a", encoding="utf-8") as file:
            file.write(job["id"] + "\n")
    match words[0]:
        case "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "hang":
            while True:
                pass
        case "eat":
            eaten = [bytearray(1 << 26)]
            while True:
                eaten.append(bytearray(1 << 26))
        case "fail":
            raise ValueError("nobody foresaw this")
        case "full":
            raise OSError(28, "No space left on device", job["report"])
        case "slow":
            time.sleep(0.3)
    slipped = words[1:] == ["1"]
    row = {"id": job["id"], "status": int(slipped), "marks": None, "slips": ["7 sign of w"] if slipped else [], "kinds": [["sign", "w"]] if slipped else [],
           "noted": 0, "look": [], "report": "", "title": "", "failed": ""}
    if job["kept"]:
        Path(job["report"]).write_text("<p>report</p>", encoding="utf-8")
        row["report"] = Path(job["report"]).name
        kept = Path(job["kept"])
        part = kept.with_suffix(".part")
        part.write_text(json.dumps({"version": 1, "key": job["key"], "row": row}), encoding="utf-8")
        os.replace(part, kept)
    return row
