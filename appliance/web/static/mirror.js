// The live picture: JPEG over one WebSocket into the canvas, mirrored by the style sheet.
let socket;
let wanted = false;
let painting = false;

async function paint({ data }) {
  if (painting) return; // a late frame is dropped, the next is newer
  painting = true;
  try {
    const bitmap = await createImageBitmap(data);
    const canvas = document.getElementById("mirror");
    if (canvas) {
      if (canvas.width !== bitmap.width) canvas.width = bitmap.width;
      if (canvas.height !== bitmap.height) canvas.height = bitmap.height;
      canvas.getContext("2d").drawImage(bitmap, 0, 0);
      canvas.dataset.frames = Number(canvas.dataset.frames ?? 0) + 1;
    }
    bitmap.close();
  } catch {
    // half a picture: the next one is on its way
  } finally {
    painting = false;
  }
}

export function mirror(on) {
  wanted = on;
  if (!on) {
    socket?.close();
    return;
  }
  if (socket) return;
  socket = new WebSocket(`${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}/preview`);
  socket.binaryType = "blob";
  socket.onmessage = paint;
  socket.onclose = () => {
    socket = undefined;
    if (wanted) setTimeout(() => mirror(wanted), 500);
  };
}
