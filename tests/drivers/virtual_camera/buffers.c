/* Memory for a camera where the kernel hands out none: /dev/udmabuf and /dev/dma_heap answered with memory files.
 *
 * Loaded before all else (LD_PRELOAD) by the test that runs picamera2 on libcamera's virtual camera. Both ends map what
 * they are given like any file, so a memory file serves where no device shares it. Nothing else is touched.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <linux/udmabuf.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

static int is_memory(const char *path)
{
	return !strcmp(path, "/dev/udmabuf") || !strcmp(path, "/dev/dma_heap/linux,cma");
}

#define OPEN(name)                                                                 \
	int name(const char *path, int flags, ...)                                 \
	{                                                                          \
		int (*real)(const char *, int, ...) = dlsym(RTLD_NEXT, #name);     \
		mode_t mode = 0;                                                   \
		if (is_memory(path))                                               \
			return memfd_create(path, MFD_CLOEXEC);                    \
		if (flags & (O_CREAT | __O_TMPFILE)) {                             \
			va_list more;                                              \
			va_start(more, flags);                                     \
			mode = va_arg(more, mode_t);                               \
			va_end(more);                                              \
		}                                                                  \
		return real(path, flags, mode);                                    \
	}

OPEN(open)
OPEN(open64)

static int from_heap(struct dma_heap_allocation_data *wish)
{
	int memory = memfd_create("heap", MFD_CLOEXEC);

	if (memory < 0 || ftruncate(memory, wish->len) < 0)
		return -1;
	wish->fd = memory;
	return 0;
}

int ioctl(int fd, unsigned long request, ...)
{
	int (*real)(int, unsigned long, ...) = dlsym(RTLD_NEXT, "ioctl");
	va_list more;
	void *argument;

	va_start(more, request);
	argument = va_arg(more, void *);
	va_end(more);
	switch (request) {
	case UDMABUF_CREATE: /* the caller's own memory file, once more */
		return fcntl(((struct udmabuf_create *)argument)->memfd, F_DUPFD_CLOEXEC, 0);
	case DMA_HEAP_IOCTL_ALLOC:
		return from_heap(argument);
	case DMA_BUF_IOCTL_SYNC: /* nobody else writes there without telling */
		return 0;
	}
	if (_IOC_TYPE(request) == DMA_BUF_BASE && _IOC_NR(request) == 1) /* a name, in either of its two sizes */
		return 0;
	return real(fd, request, argument);
}
