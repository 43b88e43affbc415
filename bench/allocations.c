/* Counts the large allocations of a whole process, so that copies of pictures can be told as they are.
 *
 * Loaded before all else (LD_PRELOAD). Whoever copies a picture, in Python, numpy, OpenCV or libcamera, first takes
 * memory for it; what is written into memory that is kept and used again is not seen.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static atomic_size_t least = (size_t)-1;
static atomic_ulong number;

static void *seen(void *memory, size_t size)
{
	if (size >= least)
		number++;
	return memory;
}

void count_from(size_t bytes) { least = bytes; }
unsigned long counted(void) { return number; }

void *malloc(size_t size) { return seen(__libc_malloc(size), size); }
void *calloc(size_t n, size_t size) { return seen(__libc_calloc(n, size), n * size); }
void *realloc(void *old, size_t size) { return seen(__libc_realloc(old, size), size); }
void *memalign(size_t to, size_t size) { return seen(__libc_memalign(to, size), size); }
void *aligned_alloc(size_t to, size_t size) { return seen(__libc_memalign(to, size), size); }

int posix_memalign(void **memory, size_t to, size_t size)
{
	*memory = seen(__libc_memalign(to, size), size);
	return *memory ? 0 : ENOMEM;
}
