"""What the left mouse button does to shapes: draws new ones, takes hold of those that are there.

No widgets: whoever has the mouse says where it is, in screen points and in frame points.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QTransform

from engine.questions import Edit
from engine.shapes import Point, Shape
from viewer.canvas import measure_marks
from viewer.canvas.drawing import Drawing, MeasureDrawing, on_frame, width_of
from viewer.canvas.marks import Hold, Mark, taken
from viewer.canvas.measure_marks import MeasureHold
from viewer.state.audit import LOOKING, Audit, Tool
from viewer.state.document import Intervention, Landmark, new_id
from viewer.state.measurement import Measurement

_SLIP = 3.0  # screen pixels: a smaller box was a click


class Hand:
    """One gesture at a time. A tool is put down after one shape, but the brush, and any tool while
    ``keep`` is held, stays in hand."""

    def __init__(self, audit: Audit) -> None:
        self._audit = audit
        self.drawing: Drawing | None = None
        self._measuring: MeasureDrawing | None = None
        self._hold: Hold | None = None
        self._measure_hold: MeasureHold | None = None
        self._measured: Measurement | None = None  # as it was when it was taken hold of
        self._with = (Tool(), "", "")  # tool, name and source of what is being drawn
        self._size = (1, 1)
        self._from: Point = (0.0, 0.0)
        self._shape: Shape | None = None

    @property
    def busy(self) -> bool:
        """Whether a shape is being drawn or moved."""
        drawing = self.drawing is not None or self._measuring is not None
        return drawing or self._hold is not None or self._measure_hold is not None

    @property
    def draws(self) -> bool:
        """Whether a drawing tool is in hand."""
        return self._audit.tool.purpose not in LOOKING

    def press(
        self, at: QPointF, point: Point, transform: QTransform, marks: Sequence[Mark]
    ) -> bool:
        """The left button went down at the screen point ``at``; whether anything came of it."""
        if self.draws:
            self._start(point)
            return True
        measure_hold = self._measure_at(at, transform)
        if measure_hold is not None:
            self._measure_hold, self._from = measure_hold, point
            self._measured = self._audit.document.measurement(measure_hold.key)
            self._audit.select(measure_hold.key)
            return True
        hold = taken(marks, at, transform)
        if hold is None:
            return False
        self._hold, self._from = hold, point
        self._shape = self._audit.document.shape_of(hold.key)
        self._audit.select(hold.key)
        return True

    def grips(self, at: QPointF, transform: QTransform, marks: Sequence[Mark]) -> bool:
        """Whether a press at a screen point would take hold of something."""
        return bool(self._measure_at(at, transform) or taken(marks, at, transform))

    def _measure_at(self, at: QPointF, transform: QTransform) -> MeasureHold | None:
        audit = self._audit
        return measure_marks.taken(audit.document.measurements, audit.selected, at, transform)

    def _start(self, point: Point) -> None:
        if self._audit.tool.purpose == "measure":
            self._start_measuring(point)
            return
        if self.drawing is not None and self.drawing.kind != "polygon":
            self.drawing = None  # its end was never told
        if self.drawing is None:
            audit, size = self._audit, self._size
            tool = audit.tool
            self._with = (tool, audit.next_name, audit.next_source)
            self.drawing = Drawing(tool.kind, width_of(tool, size), size)
        self.drawing.press(*point)

    def _start_measuring(self, point: Point) -> None:
        if self._measuring is None:
            tool = self._audit.tool
            self._with = (tool, "", "")
            self._measuring = MeasureDrawing(tool.measure, self._size)
        self._measuring.press(*point)
        self._show_draft()

    def _show_draft(self) -> None:
        measuring, audit = self._measuring, self._audit
        number = audit.document.next_number
        audit.set_draft(None if measuring is None else measuring.measurement(number=number))

    def take_size(self, size: tuple[int, int]) -> None:
        """The (height, width) of the frame that is drawn on."""
        self._size = size

    def move(self, point: Point, pressed: bool) -> bool:
        """The mouse moved; whether anything is to be painted anew."""
        if self.drawing is not None:
            (self.drawing.drag if pressed else self.drawing.hover)(*point)
            return True
        if self._measuring is not None:
            self._measuring.move(*point)
            self._show_draft()
            return True
        if self._measure_hold is not None and self._measured is not None and pressed:
            self._move_measured(self._measure_hold, self._measured, point)
            return True
        if self._hold is None or self._shape is None or not pressed:
            return False
        across, down = point[0] - self._from[0], point[1] - self._from[1]
        if self._hold.corner is None:
            shape = self._shape.moved(across, down)
        else:
            x, y = self._shape.corners[self._hold.corner]
            shape = self._shape.with_corner(self._hold.corner, (x + across, y + down))
        self._audit.reshape(self._hold.key, shape, merge=f"move {self._hold.key}")
        return True

    def _move_measured(self, hold: MeasureHold, was: Measurement, point: Point) -> None:
        across, down = point[0] - self._from[0], point[1] - self._from[1]
        if hold.handle is None:
            done = was.moved(across, down, self._size)
        else:
            x, y = was.handles[hold.handle]
            done = was.with_handle(hold.handle, on_frame(x + across, y + down, self._size))
        self._audit.put_measurement(done, merge=f"move {hold.key}")

    def release(self, scale: float, keep: bool) -> None:
        """The left button went up; ``scale`` is screen pixels per frame pixel."""
        if self._hold is not None or self._measure_hold is not None:
            self._audit.settle()
            self._hold = self._measure_hold = None
        if self._measuring is not None:
            self._measuring.release(_SLIP / scale if scale > 0 else 0.0)
            self._finish_measuring(keep)
        if self.drawing is not None:
            self.drawing.release()
            self._finish_if_done(scale, keep)

    def close(self, scale: float, keep: bool = False) -> bool:
        """Close the polygon that is being drawn; whether there was one."""
        if self.drawing is None or self.drawing.kind != "polygon":
            return False
        self.drawing.close()
        self._finish_if_done(scale, keep)
        return True

    def key(self, key: int, scale: float) -> bool:
        """A key went down over the picture; whether it meant something here."""
        begun = self.drawing is not None or self._measuring is not None
        if key == Qt.Key.Key_Escape and (begun or self.draws):
            self.drop()
            return True
        if self.drawing is not None and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            return self.close(scale)
        if self.drawing is not None and key == Qt.Key.Key_Backspace:
            self.drawing.back()
            if not self.drawing.points:
                self.drawing = None
            return True
        if self._measuring is not None and key == Qt.Key.Key_Backspace:
            self._measuring.back()
            if not self._measuring.points:
                self._measuring = None
            self._show_draft()
            return True
        if key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and self._audit.selected:
            self._audit.remove(self._audit.selected)
            return True
        return False

    def take_tool(self) -> None:
        """Another tool is in hand: what was begun with the last one is given up."""
        begun, tool = self._with[0], self._audit.tool
        if (begun.purpose, begun.kind) != (tool.purpose, tool.kind):
            self.drawing = None
        if self._measuring is not None and begun != tool:
            self._measuring = None
            self._show_draft()

    def drop(self) -> None:
        """Give up what is being drawn, and put the tool down."""
        self.drawing = self._hold = self._measuring = self._measure_hold = None
        self._audit.set_draft(None)
        self._audit.set_tool(Tool())

    def marks(self) -> tuple[Mark, ...]:
        """What is being drawn."""
        shape = None if self.drawing is None else self.drawing.shape()
        return () if shape is None else (Mark(shape, "", "draft"),)

    def _finish_if_done(self, scale: float, keep: bool) -> None:
        if self.drawing is None or not self.drawing.done:
            return
        drawing, self.drawing = self.drawing, None
        least = _SLIP / scale if drawing.kind in ("box", "polygon") and scale > 0 else 0.0
        shape = drawing.shape(least)
        if shape is None:
            return
        tool = self._with[0]
        self._give(shape)
        if not keep and tool.kind != "stroke":
            self._audit.set_tool(replace(tool, purpose="window"))

    def _finish_measuring(self, keep: bool) -> None:
        measuring, audit = self._measuring, self._audit
        if measuring is None or not measuring.done:
            return
        self._measuring = None
        audit.add_measurement(measuring.measurement(new_id(), audit.document.next_number))
        audit.set_draft(None)
        if not keep:
            audit.set_tool(replace(self._with[0], purpose="window"))

    def _give(self, shape: Shape) -> None:
        audit, (tool, name, source) = self._audit, self._with
        if tool.purpose == "landmark":
            audit.add_landmark(Landmark(new_id(), name or "landmark", shape, source))
        elif tool.purpose == "erase":
            number = len(audit.document.interventions) + 1
            name = f"{'brush' if shape.kind == 'stroke' else shape.kind} {number}"
            edit = Edit(shape, audit.next_way)
            audit.add_interventions(f"erase {name}", (Intervention(new_id(), name, edit),))
        elif tool.purpose == "level":
            audit.levelAsked.emit(shape)
        else:
            audit.set_region(shape)
