"""The evidence beside the maps, through the real entry point."""

from __future__ import annotations

import json
from pathlib import Path

from engine.findings import TESTS, summary
from engine.presets import PRESETS
from tests.viewer.conftest import Steps
from viewer.dialogs.texts import TextDialog
from viewer.main_window import MainWindow
from viewer.panels.evidence import EvidencePanel
from viewer.verbs import export as export_verbs


def test_the_evidence_stands_beside_the_maps_with_its_numbers_behind_a_click(
    drive, tmp_path: Path
) -> None:
    target = tmp_path / "view.png"
    seen: dict[str, object] = {}

    def script(window: MainWindow) -> Steps:
        panel = window.findChild(EvidencePanel)
        assert panel.heading.text() == "Shown with the first answer."
        yield lambda: window.session.explanation is not None
        session = window.session
        findings = session.explanation.evidence
        assert [item.test for item in findings] == list(TESTS)
        assert panel.rows.count() == len(TESTS)
        assert summary(findings) in panel.heading.text()
        row = panel.rows.item(list(TESTS).index("stability"))
        panel.rows.itemActivated.emit(row)
        dialog = window.findChildren(TextDialog)[-1]
        text = dialog.browser.toPlainText()
        stable = findings[list(TESTS).index("stability")]
        assert f"Stability: {stable.outcome}" in text
        assert stable.sentence in text
        assert stable.numbers
        assert all(figure in text for _, figure in stable.numbers)
        dialog.close()
        session.show_layer(2)
        footer = window.view.current_scene().footer
        assert f"evidence: {summary(findings)}" in footer[1]
        export_verbs.save_export(window.context, export_verbs.full_export(window.context), target)
        yield lambda: "Exported view.png" in session.message
        seen["findings"] = findings
        session.set_method(PRESETS["CLEAR"])
        yield (
            lambda: (
                session.explanation is not None and session.explanation.method == PRESETS["CLEAR"]
            )
        )
        assert session.explanation.evidence != findings
        assert summary(session.explanation.evidence) in panel.heading.text()

    assert drive(["--sample"], script) == 0
    facts = json.loads(target.with_name("view.png.json").read_text(encoding="utf-8"))
    assert facts["evidence"] == [
        {"test": item.test, "outcome": item.outcome, "finding": item.sentence}
        for item in seen["findings"]
    ]
