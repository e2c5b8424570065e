"""Which part of the frame the viewport shows, and how it is turned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QObject, QPointF, QRectF, Signal
from PySide6.QtGui import QTransform

from engine.shapes import Point
from viewer.canvas.scene import Scene
from viewer.canvas.true_size import true_zoom, why_no_true_size, zoom_kind
from viewer.canvas.view import NO_ROOM, View
from viewer.dicom.frame import Frame
from viewer.render.turn import AS_IT_IS, Turn
from viewer.state.frame_cache import Key
from viewer.state.linking import Extent, Link, link_beside
from viewer.state.place import OpenFrame, Place, is_film
from viewer.state.session import Session
from viewer.state.settings import ONE_SCALE, Setting


class Framing(QObject):
    """One view for all panes. Points of the screen are those of the widget, in logical pixels."""

    changed = Signal()
    swapAsked = Signal(int)
    """The image of the session's pane with this number is to be the main one."""
    kindChanged = Signal()
    """The kind of zoom, the turn, or whether one picture is alone, is another."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.view = View()
        self.viewports: list[QRectF] = [QRectF()]
        """Where the frame is seen in each of the panes that are shown, as it was painted last."""
        self._others: list[tuple[Link, Turn] | None] = [None]  # what shows another image
        self._coming: tuple[Key, View] | None = None  # of what will be the main image
        self.pane = 0
        """The one that the mouse is over."""
        self.over: Point | None = None
        """The point of another image that the mouse is over, also where the main one has none."""
        self.alone: int | None = None
        """The only one of several pictures that is shown; None for all of them."""
        self.ratio = 1.0
        """Device pixels per logical pixel."""
        self.per_mm = 0.0
        """Logical pixels on a millimetre of the screen, 0 if that is not known."""
        self._turns: dict[str, Turn] = {}
        self._fitted: tuple[str, tuple[int, int]] | None = None
        self._before: View | None = None
        self._kind: tuple[str, Turn, int | None] = (self.kind, self.view.turn, self.alone)
        session.panesChanged.connect(self._take_panes)
        session.settings.changed.connect(self._take_setting)

    # what is seen
    @property
    def _frame(self) -> Frame | None:
        return None if self._session.open is None else self._session.open.frame

    @property
    def viewport(self) -> QRectF:
        """That of the pane that the mouse is over, or was last."""
        return self.viewports[min(self.pane, len(self.viewports) - 1)]

    def take_painted(self, viewports: list[QRectF], scenes: Sequence[Scene]) -> None:
        """Where the scenes were painted."""
        self.viewports = viewports
        found = [(scene.linked, scene.turn) if scene.linked else None for scene in scenes]
        self._others = found or [None]

    @property
    def _other(self) -> tuple[Link, Turn] | None:
        """How the image lies that the pane under the mouse shows, if it is another one."""
        return self._others[min(self.pane, len(self._others) - 1)]

    @property
    def elsewhere(self) -> int | None:
        """Which of the session's panes the mouse is over, if that shows another image."""
        return None if self._other is None else self.pane - 1

    @property
    def _extent(self) -> Extent:
        frame = self._frame
        assert frame is not None
        return frame.size, frame.aspect_ratio

    @property
    def scale(self) -> float:
        """Screen pixels per frame column, 0 without a frame."""
        frame = self._frame
        if frame is None:
            return 0.0
        return self.view.scale(self.viewports[0], frame.size, frame.aspect_ratio)

    @property
    def kind(self) -> str:
        """Which zoom this is, in words; "" for one between the named ones, or without a frame."""
        frame = self._frame
        return "" if frame is None else zoom_kind(self.view, frame, self.ratio, self.per_mm)

    def transform(self) -> QTransform:
        """Points of the frame that is shown in the pane that the mouse is over → screen points."""
        view, extent = self._view_there()
        return view.transform(self.viewport, *extent)

    def _view_there(self) -> tuple[View, Extent]:
        """The view in terms of the frame in the pane that the mouse is over."""
        if self._other is None:
            return self.view, self._extent
        link, turn = self._other
        return self.view.onto(self.viewport, link, turn), link.there

    def _set_there(self, view: View) -> None:
        """A view in terms of the frame in the pane that the mouse is over."""
        other = self._other
        if other is not None:
            view = view.onto(self.viewport, other[0].back, self.view.turn)
        self.set_view(view)

    def unbound_point(self, at: QPointF) -> tuple[float, float]:
        """Screen point → point of the frame in the pane that the mouse is over, also outside it."""
        inverse, _ = self.transform().inverted()
        point = inverse.map(at)
        return point.x(), point.y()

    def look(self, at: QPointF | None) -> Point | None:
        """The mouse is at a screen point, or nowhere; the main frame's point there, None outside
        it."""
        self.over = None
        if at is None or self._frame is None:
            return None
        if self._other is not None:
            over = self.unbound_point(at)
            self.over = over if _is_inside(over, self._other[0].there) else None
        return self.point(at)

    def point(self, at: QPointF) -> tuple[float, float] | None:
        """Screen point → frame point (x, y), None outside the frame; over another image the point
        that belongs to it."""
        if self._frame is None:
            return None
        point, main = self.unbound_point(at), self._extent
        if self._other is None:
            return point if _is_inside(point, main) else None
        link = self._other[0]
        own = link.back.point(point)
        return own if _is_inside(point, link.there) and _is_inside(own, main) else None

    def take_pane(self, at: QPointF) -> None:
        """The mouse is at a screen point."""
        self.pane = next((n for n, port in enumerate(self.viewports) if port.contains(at)), 0)

    # another view
    def set_view(self, view: View) -> None:
        before, self.view = self.view, replace(view, room=self.view.room)
        if self.view != before:
            self._keep_turn()
            self.changed.emit()
        self._make_room()

    def check_kind(self) -> None:
        """Tell of another kind of zoom or the like, if there is one."""
        now = self.kind, self.view.turn, self.alone
        if now != self._kind:
            self._kind = now
            self.kindChanged.emit()

    def take_frame(self, opened: OpenFrame) -> None:
        """Fit what is shown first; the next images of a series stay moved and zoomed as it is. A
        film that was turned is turned when it comes again, a stack as a whole."""
        what = opened.place.series.uid, opened.frame.size
        turn = self.turn_of(opened.place)
        fresh, self._fitted = what != self._fitted, what
        coming, self._coming = self._coming, None
        if coming is not None and coming[0] == opened.place.key:
            self._before = None
            self.set_view(coming[1])
            return
        if fresh:
            self._before = None
        self.set_view(View(turn=turn) if fresh else replace(self.view, turn=turn))

    def _keep_turn(self) -> None:
        if self._session.open is not None:
            owner = _owner(self._session.open.place)
            if self.view.turn == AS_IT_IS:
                self._turns.pop(owner, None)
            else:
                self._turns[owner] = self.view.turn

    def turn_of(self, place: Place) -> Turn:
        """How an image is turned, or was when it was the main one."""
        return self._turns.get(_owner(place), AS_IT_IS)

    def fit(self) -> None:
        self.set_view(View(turn=self.view.turn))

    def one_to_one(self) -> None:
        """One frame pixel on one pixel of the screen."""
        self.set_view(replace(self.view, zoom=1.0 / self.ratio))

    def true_size(self) -> str:
        """As large as it is in the body, or on the detector; a sentence why that cannot be, or
        ""."""
        frame = self._frame
        why = "" if frame is None else why_no_true_size(frame, self.per_mm)
        if frame is not None and not why:
            self.set_view(replace(self.view, zoom=true_zoom(frame, self.per_mm)))
        return why

    def turn(self, turn: Turn) -> None:
        """Turned about the middle of the viewport."""
        self.set_view(replace(self.view, turn=turn))

    def centre_on(self, x: float, y: float) -> None:
        """Put a frame point into the middle, at the zoom that is set."""
        if self._frame is not None:
            self.set_view(replace(self.view, zoom=self.scale, centre=(x, y)))

    def fit_or_back(self) -> None:
        """Fit; from there, back to what was seen before."""
        if self.view.zoom is not None:
            self._before = self.view
            self.fit()
        elif self._before is not None:
            self.set_view(replace(self._before, turn=self.view.turn))

    def pan(self, moved: QPointF) -> None:
        if self._frame is not None:
            view, extent = self._view_there()
            self._set_there(view.panned(moved, self.viewport, *extent).kept(extent[0], view))

    def zoom(self, factor: float, at: QPointF) -> None:
        """Zoom about a screen point; in every pane about the same frame point."""
        if self._frame is not None:
            view, extent = self._view_there()
            self._set_there(view.zoomed(factor, at, self.viewport, *extent))

    # one of several pictures
    def toggle_alone(self) -> None:
        """The picture under the mouse alone, or all of them again. Another image becomes the main
        one for that, so that all that is done there is done with it."""
        if not self._session.panes:
            return
        where = self.elsewhere
        if self.alone is None and where is not None:
            self.swap(where)
        self.alone = self.pane if self.alone is None else None
        self.pane = 0
        self._make_room()
        self.changed.emit()

    def swap(self, pane: int) -> None:
        """Ask for the image of a pane of the session to be the main one, seen as it is now."""
        shown = self._session.panes[pane]
        place, there = shown.place, shown.pyramid is not None
        seen = self._others[pane + 1] if there and pane + 1 < len(self._others) else None
        if place is not None and seen is not None and self._frame is not None:
            fitted = self.view.zoom is None and self.view.centre is None
            onto = View(turn=seen[1]) if fitted else self.view.onto(self.viewports[0], *seen)
            self._coming = place.key, onto
        self.pane = 0
        self.swapAsked.emit(pane)

    def _take_panes(self) -> None:
        panes, alone = self._session.panes, self.alone
        gone = alone is not None and not 0 < len(panes) >= alone
        if gone or (alone and panes[alone - 1].place is not None):
            self.alone = None
        self._make_room()

    def _take_setting(self, setting: Setting[bool]) -> None:
        if setting is ONE_SCALE:
            self._take_panes()
            self.changed.emit()

    def _make_room(self) -> None:
        """For the images beside the main one; what is seen may be about to be another image, so
        that no turn is kept here."""
        room = self._room()
        if room != self.view.room:
            self.view = replace(self.view, room=room)
            self.changed.emit()
        self.check_kind()

    def _room(self) -> tuple[float, float]:
        """What the images need that are shown in the scale of the main one; as it was while one of
        them is read."""
        session = self._session
        others = [pane for pane in session.panes if pane.place is not None]
        if self.alone is not None or not others:
            return NO_ROOM
        if session.open is None or any(not (pane.pyramid or pane.problem) for pane in others):
            return self.view.room
        across, down = NO_ROOM
        for pane in others:
            link = link_beside(session, pane)
            if link is not None and link.one_scale and pane.place is not None:
                wide, high = link.room
                if self.turn_of(pane.place).sideways:
                    wide, high = high, wide
                across, down = max(across, wide), max(down, high)
        return across, down


def _is_inside(point: Point, extent: Extent) -> bool:
    (x, y), ((height, width), _) = point, extent
    return 0 <= x < width and 0 <= y < height


def _owner(place: Place) -> str:
    """What a turn belongs to: a film, or else a whole series."""
    series, instance = place.series, place.instance
    return str(instance.path) if is_film(instance) else f"series {series.uid}"
