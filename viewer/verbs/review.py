"""Judging and reading first, as verbs."""

from __future__ import annotations

from viewer.commands import Context
from viewer.state.document import Outcome
from viewer.state.settings import BLIND_READING, IDENTITY_IN_LOG


def toggle_blind(context: Context) -> None:
    """Keep the model's output back until the reader has said what is seen, or no more."""
    on = context.session.settings.toggle(BLIND_READING)
    context.session.say(
        "Read first: the model's output is shown once you have said what you see (Review)."
        if on
        else "The model's output is shown at once."
    )


def _judge(context: Context, outcome: Outcome) -> None:
    from viewer.panels.judgement_row import judge_or_withdraw  # not at the start

    if context.session.explanation is not None:
        judge_or_withdraw(context.session.audit, "prediction", outcome)


def accept_prediction(context: Context) -> None:
    _judge(context, "accept")


def reject_prediction(context: Context) -> None:
    _judge(context, "reject")


def doubt_prediction(context: Context) -> None:
    _judge(context, "unsure")


def show_log(context: Context) -> None:
    """Open the audit log; one that is open already comes up."""
    from viewer.dialogs.log_view import LogView  # not at the start

    for view in context.window.findChildren(LogView):
        if view.isVisible():
            view.raise_()
            return
    LogView(context.workbench.log.writer, context.session.audit, context.window).show()


def toggle_log_identity(context: Context) -> None:
    """Whether lines of the log say whose image it is, from now on."""
    on = context.session.settings.toggle(IDENTITY_IN_LOG)
    context.session.say(
        "From now on the audit log holds the patient ID, the file's name and your comments."
        if on
        else "From now on the audit log holds no patient ID, no file's name and no comments. What "
        "was logged before stays."
    )
