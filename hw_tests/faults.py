"""Every fault that the suite is proven to find here, and the name by which it finds it; the documents' table is this.

`python -m pytest tests/hw_tests/test_faults.py` injects each at the wire of a simulated device, or in the files of a
simulated board, and holds the run to exactly these names. What could not be injected here is not in the table.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """`found`: all that fails then, as `Record.failed` names it. `phase`: the phases that are run to find it."""

    name: str
    words: str
    found: tuple[str, ...]

    @property
    def phases(self) -> frozenset[str]:
        return frozenset(name.partition(".")[0].partition(":")[0] for name in self.found)


def _fault(name: str, words: str, *found: str) -> Fault:
    return Fault(name, words, found)


FAULTS = (
    _fault("supply_sags", "the supply sags under load", "power.undervoltage", "power.alarm"),
    _fault("supply_sagged", "the supply has sagged once since start", "power.undervoltage_since_boot"),
    _fault("clock_held_down", "the firmware holds the processor's clock down", "power.throttled"),
    _fault("was_held_down", "it has done so since start", "power.throttled_since_boot"),
    _fault("rail_low", "the 5 V rail is at 4.6 V", "power.supply_V"),
    _fault("too_hot", "the processor reaches 86 °C", "temperature.at_load_C"),
    _fault("was_too_hot", "heat has slowed the board since start", "temperature.heat_limit_since_boot"),
    _fault("fan_stands", "the fan does not turn", "temperature.fan_rpm"),
    _fault("memory_missing", "half of the memory is not there", "memory.total_MiB"),
    _fault("memory_ran_out", "the kernel ended a program for want of memory", "memory.ended_programs"),
    _fault("mounted_read_only", "the kernel has made the partition read-only", "storage.writable"),
    _fault("file_system_errors", "the file system has noted errors", "storage.errors"),
    _fault("emmc_worn", "the eMMC is worn out", "storage.worn_percent"),
    _fault("emmc_no_spare", "the eMMC has no spare blocks left", "storage.spare"),
    _fault("nvme_worn", "the NVMe disk, below a layer of encryption, is worn out", "storage.worn_percent"),
    _fault("storage_full", "the partition has 4 % of its room left", "storage.free_percent"),
    _fault("storage_slow", "each append takes 0.3 s to be on the storage", "storage.append_ms"),
    _fault("storage_crawls", "a file takes long to be on the storage", "storage.write_MBps"),
    _fault("storage_breaks", "the storage fails with an input/output error", "storage:HW-SYSTEM"),
    _fault("clock_behind", "the clock stands before the build", "clock.after_floor_s"),
    _fault("chip_stands", "the clock chip stands still", "clock.chip_ticks"),
    _fault("chip_off", "the clock chip is a minute off", "clock.chip_offset_s"),
    _fault("chip_drifts", "the clock chip has drifted since the last record", "clock.chip_drift_s_per_day"),
    _fault("cell_empty", "the clock chip's cell is empty", "clock.chip_cell_V"),
    _fault("watchdog_off", "no watchdog is armed, as after a time-out that is too long", "watchdog.state"),
    _fault("watchdog_slow", "the watchdog waits a minute", "watchdog.timeout_s"),
    _fault("watchdog_bit", "the watchdog restarted the board", "watchdog.bit_last"),
    _fault("tpm_no_certificate", "the TPM carries no certificate", "tpm.certificate"),
    _fault("tpm_copied", "the TPM carries another chip's certificate", "tpm.certificate_fits"),
    _fault("tpm_of_a_stranger", "a maker whom nobody knows signed it", "tpm.certificate_believed"),
    _fault("tpm_guessed_at", "somebody has tried to guess a key of it", "tpm.wrong_tries"),
    _fault("no_route", "the router hands out no route", "network_lan.gateway"),
    _fault("cable_out", "the cable is out at the other end", "network_lan.carrier"),
    _fault("cable_bad", "the cable's pairs are bad: 10 Mb/s", "network_lan.speed_Mbps"),
    _fault("cable_noisy", "one packet in fifty is broken", "network_lan.errors_percent"),
    _fault("name_unknown", "the name server does not know the centre", "network_uplink.name"),
    _fault("centre_away", "the centre takes no connection", "network_uplink.centre"),
    _fault("network_mute", "names and time are not answered", "network_uplink.name", "network_time.server"),
    _fault("time_off", "the port's time and this clock differ by 90 days", "network_time.offset_s"),
    _fault("time_unknown", "the time server does not know the time", "network_time.server"),
    _fault("battery_low", "the battery does not charge", "ups.charge_percent"),
    _fault("battery_bad", "the battery says that it is worn", "ups.health"),
    _fault("mains_away", "mains is away", "ups.mains"),
    _fault("mains_not_noticed", "the plug is pulled and nobody notices", "ups_mains.noticed"),
    _fault("mains_not_back", "the plug is put in and nobody notices", "ups_mains.returned"),
    _fault("reader_out", "the document reader's cable is out", "document_reader:DEV-GONE"),
    _fault("reader_mute", "the document reader does not answer", "document_reader:DEV-TIME"),
    _fault(
        "reader_dirty",
        "the reader's window is dirty: a character is not made out",
        "document_specimen.right_readings",
        "document_specimen.unread_characters",
    ),
    _fault(
        "reader_garbles",
        "what the reader sends is no machine readable zone",
        "document_specimen.right_readings",
        "document_specimen.broken_readings",
    ),
    _fault("reader_wrong", "the reader gives another document than the specimen", "document_specimen.right_readings"),
    _fault("reader_nothing", "nothing passes the reader", "document_specimen:DEV-TIME"),
    _fault("chip_reader_out", "the chip reader's cable is out", "chip_reader:DEV-GONE"),
    _fault("chip_foreign", "another document than the specimen lies on the reader", "chip_specimen.access"),
    _fault("chip_copied", "the chip is a copy: it cannot prove its key", "chip_specimen.genuine"),
    _fault(
        "chip_of_another", "the chip carries another number than the one that opens it", "chip_specimen.same_document"
    ),
    _fault("chip_incomplete", "the chip has no portrait", "chip_specimen.whole"),
    _fault("chip_slow", "the chip thinks for long, as on an antenna that hardly reaches it", "chip_specimen.read_s"),
    _fault("chip_mute", "the chip does not answer", "chip_specimen:DEV-TIME"),
    _fault("sensor_out", "the fingerprint sensor's cable is out", "fingerprint:DEV-GONE"),
    _fault("sensor_mute", "the fingerprint sensor does not answer", "fingerprint:DEV-TIME"),
    _fault("sensor_refuses", "the fingerprint sensor says no to everything", "fingerprint:DEV-REFUSED"),
    _fault("glass_greasy", "a print is left on the glass", "finger_bare.sees_nothing", "finger_bare.residue_percent"),
    _fault("sensor_grainy", "the sensor's picture is full of grain", "finger_placed.noise_levels"),
    _fault("sensor_stuck", "three columns of the sensor are stuck", "finger_placed.stuck_lines"),
    _fault("finger_pale", "the picture is pale", "finger_placed.contrast_levels"),
    _fault("finger_aside", "the finger lies at the rim of the glass", "finger_placed.covered_percent"),
    _fault("camera_out", "the camera's cable is out", "camera:DEV-GONE"),
    _fault("camera_stalls", "the camera sends no picture", "camera:DEV-TIME"),
    _fault("camera_slow", "the camera sends a picture every 1.4 s", "camera.frame_ms"),
    _fault("camera_hangs", "the camera sends the same picture again and again", "camera.pictures_differ"),
    _fault("lens_capped", "the cap is on", "camera.mean_levels", "camera.black_percent"),
    _fault("light_behind", "the sun stands in the picture", "camera.mean_levels", "camera.burnt_percent"),
    _fault("sensor_noisy", "the camera's picture is full of noise", "camera.noise_levels"),
    _fault("second_camera_hangs", "the second camera hangs", "camera_2.pictures_differ"),
    _fault("out_of_focus", "the lens is out of focus", "camera_focus.edge_px"),
    _fault("no_card", "no test card is held up", "camera_focus.edges"),
    _fault("veiled", "grease on the lens: half the contrast", "camera_focus.contrast_levels"),
    _fault("pixels_hot", "twelve pixels shine in the dark", "camera_pixels.hot_pixels"),
    _fault("pixels_dead", "twelve pixels stay dark", "camera_pixels.dead_pixels"),
    _fault("not_covered", "the lens was not covered", "camera_pixels.covered"),
    _fault("no_white_paper", "no white paper was held up", "camera_pixels.paper"),
    _fault("lamp_dark", "the lamp beside the camera does not shine", "camera_light.gain_percent"),
    _fault("no_paper", "the printer has no paper", "printer.paper"),
    _fault("cover_open", "the printer's cover is open", "printer.cover"),
    _fault("printer_out", "the printer's cable is out", "printer:DEV-GONE"),
    _fault("printer_broken", "the printer reports a fault of its own", "printer:DEV-REFUSED"),
    _fault("slip_unreadable", "the slip cannot be read, says a person", "printer_slip.legible"),
    _fault("paper_not_noticed", "the roll is taken out and the printer does not notice", "printer_paper.out_noticed"),
    _fault("refill_not_noticed", "a roll is put in and the printer does not notice", "printer_paper.back_noticed"),
    _fault("lane_out", "the lane board's cable is out", "lane:DEV-GONE"),
    _fault("lane_mute", "the lane board does not answer", "lane:DEV-TIME"),
    _fault("lane_was_opened", "the lane's housing was opened", "lane.latch"),
    _fault("lamp_not_red", "the red lamp is dark, says a person", "lane_hands.red"),
    _fault("lamp_not_green", "the green lamp is dark, says a person", "lane_hands.green"),
    _fault("button_dead", "a press of the button does not arrive", "lane_hands.button"),
    _fault("jack_dead", "a headset is not noticed", "lane_hands.headset"),
    _fault("gate_sticks", "the gate does not move, says a person", "lane_gate.moved"),
    _fault("gate_opens_untold", "the lane board does not say that it opened the gate", "lane_gate.opened"),
    _fault("gate_closes_untold", "the lane board does not say that it closed the gate", "lane_gate.closed"),
    _fault("gate_taken", "somebody stands in the gate: it is not moved", "lane_gate.free"),
    _fault("tamper_dead", "an opened housing is not noticed", "lane_tamper.noticed"),
    _fault("lane_of_another", "the lane board believes another kiosk's key", "lane_tamper:DEV-REFUSED"),
    _fault("touch_missing", "a stripe of the screen feels no touch", "touch.missed_cells"),
    _fault("touch_crooked", "touches come down 15 mm beside", "touch.furthest_mm"),
    _fault("screen_spotted", "the screen has a dark spot, says a person", "screen.even"),
    _fault("speaker_faint", "the board's own microphone hears no tone", "speaker.tones_dB"),
    _fault("speaker_dead", "no tone is heard", "speaker.heard"),
    _fault("speaker_unsure", "the person is not sure whether he heard one", "speaker.heard"),
)
