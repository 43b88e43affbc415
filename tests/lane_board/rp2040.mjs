// The RP2040 under the lane board's firmware, emulated: the same four pipes as machine.py beside this file.
// Arguments: rp2040js, MicroPython's UF2, the boot ROM as JSON, the file that is the file system's part of the flash.
import fs from "node:fs";
import net from "node:net";

const [emulator, uf2, bootrom, flashFile] = process.argv.slice(2);
const { Simulator } = await import(emulator);

const RESET_STATUS = 42, WATCHDOG = 3;
const LINE_OUT = 1, LEVELS = 3, OUTPUTS = 4;
const LAMPS_AND_GATE = [2, 3, 4];
const FLASH = 0x10000000, FILES_AT = 0xa0000; // RPI_PICO: the last 1408 KiB of two megabytes
const CYCLE_NS = 8; // 125 MHz
const BYTE_NS = 86_806; // one byte at 115200 baud
const SLICE = 100_000;

const simulator = new Simulator();
const { rp2040: chip, clock } = simulator;

// The boot ROM's way to write to the flash ends at a chip that rp2040js does not have: its functions become breakpoints.
const rom = new Uint32Array(JSON.parse(fs.readFileSync(bootrom)));
const halves = new Uint16Array(rom.buffer);
const BREAKS = { IF: 1, EX: 1, FC: 1, CX: 1, RE: 2, RP: 3 };
for (let at = halves[0x14 / 2] / 2; halves[at]; at += 2) {
  const name = String.fromCharCode(halves[at] & 0xff, halves[at] >> 8);
  if (!(name in BREAKS)) continue;
  halves[(halves[at + 1] & ~1) / 2] = 0xbe00 | BREAKS[name]; // BKPT
  halves[(halves[at + 1] & ~1) / 2 + 1] = 0x4770; // BX LR
}
chip.loadBootrom(rom);

const image = fs.readFileSync(uf2);
for (let at = 0; at < image.length; at += 512) {
  const size = image.readUInt32LE(at + 16);
  chip.flash.set(image.subarray(at + 32, at + 32 + size), image.readUInt32LE(at + 12) - FLASH);
}
chip.flash.set(fs.readFileSync(flashFile), FILES_AT);
const file = fs.openSync(flashFile, "r+");

function keep(from, size) {
  if (from >= FILES_AT) fs.writeSync(file, chip.flash, from, size, from - FILES_AT);
}

chip.onBreak = (code) => {
  const [r0, r1, r2] = chip.core.registers;
  if (code === 2) {
    chip.flash.fill(0xff, r0, r0 + r1);
    keep(r0, r1);
  } else if (code === 3) {
    for (let i = 0; i < r2; i++) chip.flash[r0 + i] &= chip.readUint8(r1 + i);
    keep(r0, r2);
  } else if (code !== 1) {
    process.stderr.write(`breakpoint ${code}\n`);
    process.exit(1);
  }
};

// rp2040js holds the interrupt of an empty transmitter high for ever; on the chip it is raised by sending.
for (const uart of chip.uart) {
  uart.checkInterrupts = () => chip.setInterrupt(uart.irq, (uart.interruptStatus & uart.interruptMask) !== 0);
  const write = uart.writeUint32.bind(uart);
  uart.writeUint32 = (offset, value) => {
    write(offset, value);
    if (offset === 0) {
      uart.interruptStatus |= 0x20;
      uart.checkInterrupts();
    }
  };
}

// The ring oscillator's random bit, which rp2040js reads as nothing.
const oscillator = chip.peripherals[0x40060];
const read = oscillator.readUint32.bind(oscillator);
oscillator.readUint32 = (offset) => (offset === 0x1c ? Number(Math.random() < 0.5) : read(offset));
chip.logger = { debug() {}, info() {}, warn() {}, error: (...words) => process.stderr.write(`${words.join(" ")}\n`) };

const watchdog = chip.peripherals[0x40058];
watchdog.reason = Number(process.env.LANE_RESET_CAUSE) === WATCHDOG ? 1 : 0;
watchdog.onWatchdogTrigger = () => {
  flush();
  if (watchdog.reason === 2) process.exit(RESET_STATUS); // asked for
  process.removeAllListeners("SIGALRM");
  process.kill(process.pid, "SIGALRM");
};

const told = [];
const heard = [];
let fedAt = 0;
chip.uart[0].onByte = (byte) => told.push(byte);
for (const pin of LAMPS_AND_GATE) {
  chip.gpio[pin].addListener((state) => {
    if (state === 0 || state === 1) fs.writeSync(OUTPUTS, `${pin} ${state}\n`);
  });
}

function flush() {
  if (told.length) fs.writeSync(LINE_OUT, Buffer.from(told.splice(0)));
}

function feed() {
  if (heard.length && clock.nanos >= fedAt && !chip.uart[0].rxFIFO.full) {
    chip.uart[0].feedByte(heard.shift());
    fedAt = clock.nanos + BYTE_NS;
  }
}

const began = { wall: performance.now(), nanos: 0 };

function slice() {
  for (let i = 0; i < SLICE; i++) {
    if (chip.core.waiting) clock.tick(Math.min(clock.nanosToNextAlarm || BYTE_NS, BYTE_NS));
    else clock.tick(chip.core.executeInstruction() * CYCLE_NS);
    if ((i & 255) === 0 || chip.core.waiting) feed();
  }
  flush();
  const ahead = clock.nanos / 1e6 - (performance.now() - began.wall); // never faster than the real one
  if (ahead > 2) setTimeout(slice, ahead);
  else setImmediate(slice);
}

let rest = "";
let runs = false;
new net.Socket({ fd: LEVELS, readable: true }).on("data", (data) => {
  const rows = (rest + data).split("\n");
  rest = rows.pop();
  for (const row of rows) {
    const [pin, level] = row.split(" ").map(Number);
    if (pin === 99) hang();
    else chip.gpio[pin].setInputValue(level === 1);
  }
  if (!runs) {
    runs = true;
    chip.core.PC = FLASH;
    slice();
  }
});
process.stdin.on("data", (data) => heard.push(...data));

// What stops the loop: the firmware's own timer still runs, and bites.
function hang() {
  chip.core.executeInstruction = () => 1;
}
