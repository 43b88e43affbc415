"""What is wired to which pin (docs/technician.md has the table), and the interrupts of what is pressed and opened."""

import machine

TX, RX, BAUD = 0, 1, 115200
RED, GREEN, GATE = 2, 3, 4
BUTTON, TAMPER, HEADSET = 10, 11, 12
NOTED = 16  # interrupts kept until the loop comes round; more of one kind say nothing new


class Pins:
    """Outputs by name, levels of the inputs, and what interrupted since the last look."""

    def __init__(self):
        pin = machine.Pin
        self.red = pin(RED, pin.OUT, value=1)
        self.green = pin(GREEN, pin.OUT, value=0)
        self.gate = pin(GATE, pin.OUT, value=0)
        self.button = pin(BUTTON, pin.IN, pin.PULL_UP)  # pressed: to ground
        self.tamper = pin(TAMPER, pin.IN, pin.PULL_UP)  # housing closed: to ground; open, or a cut wire: high
        self.headset = pin(HEADSET, pin.IN, pin.PULL_UP)  # plugged in: to ground
        self._noted = []
        self.button.irq(self._note, pin.IRQ_FALLING)
        self.tamper.irq(self._note, pin.IRQ_RISING)

    def _note(self, pin):
        if len(self._noted) < NOTED:
            self._noted.append(pin)

    def interrupts(self):
        """(button was pressed, housing was opened) since the last call."""
        noted, self._noted = self._noted, []
        return any(pin is self.button for pin in noted), any(pin is self.tamper for pin in noted)

    @property
    def is_open(self):
        return self.tamper.value() == 1

    @property
    def headset_is_in(self):
        return self.headset.value() == 0

    def show(self, red, green, gate):
        self.gate.value(gate)
        self.red.value(red)
        self.green.value(green)


def line():
    """The wire to the kiosk."""
    return machine.UART(0, baudrate=BAUD, tx=machine.Pin(TX), rx=machine.Pin(RX), rxbuf=1024, txbuf=1024)
