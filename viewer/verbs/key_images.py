"""The key images of the open study, to be exported."""

from __future__ import annotations

from viewer.commands import Context
from viewer.exporters.key_image_sheet import KeyImageSheet
from viewer.messages import UserError
from viewer.state.place import Place


def key_image_sheet(context: Context, identity: bool) -> KeyImageSheet:
    """Raises :class:`UserError` where there are none."""
    session, place = context.session, context.session.place
    if place is None:
        raise UserError("No image is open.")
    study = next((s for s in session.studies if any(one is place.series for one in s.series)), None)
    if study is None:
        raise UserError("The study of this image is no longer open.")
    places = [
        found
        for series in study.series
        for number in session.key_images.numbers(series)
        if (found := Place(series, 0).moved(number)) is not None
    ]
    read = context.workbench.readers[1].thumbnail  # one that reads ahead: nobody waits for it
    return KeyImageSheet(study, tuple(places), identity, read)
