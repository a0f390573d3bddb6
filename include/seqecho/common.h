/* seqecho/common.h - what every other header needs: export macro, error codes, array
 * views, the memory hook.
 * SPDX-License-Identifier: MIT
 *
 * Conventions of the whole interface:
 *
 *  - A function that can fail returns 0, or a negative SEQECHO_E* code; the text is in
 *    seqecho_error_message().  On failure `*out` handles are NULL and every object is as
 *    it was before the call, but for what a comment says otherwise.
 *  - Option structs begin with their size, so that programs and libraries of different
 *    age understand each other.  The SEQECHO_...(...) macros fill it in; every field left
 *    out is zero, and zero means the default named beside the field.  NULL for a whole
 *    options struct means all defaults.
 *  - Options, descriptions and names are copied during the call.
 *  - A handle is used by one thread at a time, different handles by any threads; each
 *    typedef says where more is allowed.
 *  - The library never prints, exits, aborts, installs signal handlers or touches the
 *    locale. */
#ifndef SEQECHO_COMMON_H
#define SEQECHO_COMMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__) && !defined(_WIN32)
#define SEQECHO_API __attribute__((visibility("default")))
#define SEQECHO_MUST_CHECK __attribute__((warn_unused_result))
#else
#define SEQECHO_API
#define SEQECHO_MUST_CHECK
#endif

#ifndef __cplusplus
/* The address of a temporary of type T (C only; C++ has the *_init templates). */
#define SEQECHO__REF(T, ...) (&(const T){ __VA_ARGS__ })
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Error codes.  Zero is success, every error is negative, values never change. */
enum {
    SEQECHO_OK = 0,
    SEQECHO_EINVAL = -1,    /* an argument or option is out of range */
    SEQECHO_ENOMEM = -2,    /* the allocator returned NULL, or no thread could be had */
    SEQECHO_ESHAPE = -3,    /* two shapes that must agree do not */
    SEQECHO_ENOTFOUND = -4, /* no layer, weight or metric of that name */
    SEQECHO_ESTATE = -5,   /* call out of order, e.g. adding a layer after training began */
    SEQECHO_EIO = -6,      /* a read or write failed */
    SEQECHO_EFORMAT = -7,  /* not a seqecho file, or a damaged one */
    SEQECHO_ENOTSUP = -8,  /* an option or layer that this library does not know */
    SEQECHO_ENUMERIC = -9, /* a loss, gradient or weight became NaN or infinite */
    SEQECHO_ECALLBACK = -10,  /* a user callback failed */
    SEQECHO_EDURABILITY = -11 /* saved, but not proven to survive a power failure */
};

/* What the last failing call on this thread had to say: the thing, what was expected and
 * what was found; "" before the first one.  Never NULL.  To be read right after the
 * failing call; later calls on this thread may change it. */
SEQECHO_API const char *seqecho_error_message(void);

/* The symbolic name of a code, e.g. "SEQECHO_ESHAPE"; "SEQECHO_E?" for an unknown one.
 * Static storage. */
SEQECHO_API const char *seqecho_error_name(int code);

/* A truth value in a public struct: zero is false, anything else is true.  A byte, so
 * that its size and its values are the same for every compiler. */
typedef uint8_t seqecho_bool;

#define SEQECHO_MAX_RANK 4

typedef enum seqecho_dtype {
    SEQECHO_FLOAT32 = 0,
    SEQECHO_INT32 = 1 /* class numbers: a one-hot axis left implicit */
} seqecho_dtype;

/* A borrowed, dense, row-major array.  dim[0] is the sample axis.
 *
 * For an input, or for a target of a categorical cross-entropy, of shape
 * (samples, ..., classes) an int32 array of shape (samples, ...) may be given instead: its
 * values are class numbers in [0, classes) and stand for one-hot rows.  The results are
 * the same, bit for bit, and come sooner.
 *
 * This layout is frozen: it will never gain a field. */
typedef struct seqecho_view {
    const void *data;
    int64_t dim[SEQECHO_MAX_RANK];
    int32_t rank;
    int32_t dtype; /* seqecho_dtype */
} seqecho_view;

/* How floating-point work may be arranged.  Trainers and predictors take it. */
typedef enum seqecho_numerics {
    SEQECHO_NUMERICS_DEFAULT = 0,      /* reproducible wherever that costs under 5 % */
    SEQECHO_NUMERICS_REPRODUCIBLE = 1, /* the same bits whatever the threads, the split of
                                          a batch into calls and the vector width, on
                                          machines with fused multiply-add */
    SEQECHO_NUMERICS_FAST = 2          /* large matrix products may go to the BLAS that
                                          the library was built with, if with any; the
                                          bits are then those of that BLAS */
} seqecho_numerics;

/* Memory hook, given per handle in its options; NULL there means malloc and free.
 *
 * `alloc` returns memory aligned to `alignment` (a power of two, at most 64), or NULL.
 * `release` is never given NULL.  Both must stay valid until the handle is gone, a graph
 * with the last trainer or predictor that uses it, and may be called from whichever thread
 * uses the handle.  They are called when a handle is created, built or destroyed, by the
 * first call that meets a larger batch or asks for gradients of the inputs, and by a fit
 * for its history; never by a repeated training step, nor by seqecho_predictor_step(). */
typedef struct seqecho_allocator {
    size_t struct_size;
    void *(*alloc)(void *user, size_t size, size_t alignment);
    void (*release)(void *user, void *ptr);
    void *user;
} seqecho_allocator;

#ifdef __cplusplus
} /* extern "C" */

/* C++:  seqecho_fit_options fit = seqecho_options_init<seqecho_fit_options>(); */
template <class T> inline T seqecho_options_init()
{
    T options = T();
    options.struct_size = sizeof(T);
    return options;
}
#endif
#endif /* SEQECHO_COMMON_H */
