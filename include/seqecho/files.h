/* seqecho/files.h - models and trainings in files.
 * SPDX-License-Identifier: MIT
 *
 * Files are of the safetensors format, which many programs read; docs/file-format.md says
 * what is in them.  A checkpoint of a trainer is a model file too, with more in it.
 *
 * Saving to a path.  The path holds the old file or the new one, whole, at every moment,
 * whatever fails and whenever the process or the machine is stopped.  The new file is
 * written beside the old one under another name, brought to the disk, and renamed; it gets
 * the access rights of the file it replaces, and of a symbolic link it replaces the link.
 * SEQECHO_EIO: it could not be written, and the old file is there.  SEQECHO_EDURABILITY:
 * the new file is there, but not proven to outlast a power failure.  SEQECHO_ENUMERIC: a
 * weight is NaN or infinite, so nothing was saved.
 *
 * Saving to memory.  *length receives the size of the file.  With size 0 nothing else
 * happens, and buf may be NULL; a buffer that is too small is SEQECHO_EINVAL.
 *
 * Loading.  Any bytes may be given: what is no such file, is damaged, or does not fit is
 * refused with SEQECHO_EFORMAT, SEQECHO_ENOTSUP, SEQECHO_ESHAPE or SEQECHO_ENOTFOUND, and
 * nothing has changed.  SEQECHO_ENOMEM may also mean a layer that no memory can hold.
 * Memory is not taken by what a file claims but by what it holds; see
 * docs/file-format.md#limits.  A path is SEQECHO_EIO if it cannot be read or is no regular
 * file.
 *
 * Thread-safety: different objects in different threads; saving reads the object and
 * loading writes it. */
#ifndef SEQECHO_FILES_H
#define SEQECHO_FILES_H

#include <seqecho/callbacks.h>
#include <seqecho/graph.h>
#include <seqecho/trainer.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Models: layers, how they are connected, weights --------------------------------- */

/* Ends the building of the graph. */
SEQECHO_API int seqecho_graph_save(seqecho_graph *graph,
                                   const char *path) SEQECHO_MUST_CHECK;
SEQECHO_API int seqecho_graph_save_memory(seqecho_graph *graph, void *buf, size_t size,
                                          size_t *length) SEQECHO_MUST_CHECK;

/* A graph as it was saved: it predicts the same, bit for bit, and can be trained.  Its
 * building has ended.  The allocator, or NULL, is that of the graph. */
SEQECHO_API int seqecho_graph_load(seqecho_graph **out, const char *path,
                                   const seqecho_allocator *allocator) SEQECHO_MUST_CHECK;
SEQECHO_API int seqecho_graph_load_memory(seqecho_graph **out, const void *bytes,
                                          size_t size, const seqecho_allocator *allocator)
    SEQECHO_MUST_CHECK;

/* ---- Weights alone, from files made elsewhere ---------------------------------------- */

typedef struct seqecho_weights_options {
    size_t struct_size;
    const char *prefix; /* what names in the file have before "layer/weight", at most 256
                    characters; NULL: nothing */
    seqecho_bool allow_missing; /* weights that the file has not stay as they are, also if
                                   it has them in another shape */
    uint8_t reserved[7];        /* zero */
} seqecho_weights_options;

#ifndef __cplusplus
#define SEQECHO_WEIGHTS(...) \
    SEQECHO__REF(seqecho_weights_options, .struct_size = sizeof(seqecho_weights_options), \
                 __VA_ARGS__)
#endif

/* Set the weights of a graph to the arrays of a safetensors file that have their names and
 * shapes: F32, F64, F16 or BF16, in Keras's layout.  Arrays that the graph has no weight
 * for are passed over.  A weight without an array is SEQECHO_ENOTFOUND, one with another
 * shape SEQECHO_ESHAPE, a value that is not finite SEQECHO_EFORMAT; all weights are then
 * as they were.  *loaded, where not NULL, receives how many arrays were set.  Ends the
 * building of the graph. */
SEQECHO_API int seqecho_graph_load_weights(seqecho_graph *graph, const char *path,
                                           const seqecho_weights_options *options,
                                           size_t *loaded) SEQECHO_MUST_CHECK;
SEQECHO_API int seqecho_graph_load_weights_memory(seqecho_graph *graph, const void *bytes,
                                                  size_t size,
                                                  const seqecho_weights_options *options,
                                                  size_t *loaded) SEQECHO_MUST_CHECK;

/* ---- Trainings ------------------------------------------------------------------------
 *
 * All that a training needs to go on as if it had never stopped: weights and which of them
 * are trained, regularisers, optimizer with its moments, steps and tunables, recurrent
 * states, the places of dropout and shuffling, history; and if it is saved inside a fit -
 * by an event, or by seqecho_checkpoint_create() - epoch and batch, the figures of the
 * epoch so far, the sequence of the dataset, and what the callbacks have seen.
 *
 * Restoring needs a trainer with the same layers and the same optimizer, made with the same
 * options; other options - losses, metrics, clipping, a schedule, threads - are those of
 * the trainer, not of the file. */

SEQECHO_API int seqecho_trainer_save(seqecho_trainer *trainer,
                                     const char *path) SEQECHO_MUST_CHECK;
SEQECHO_API int seqecho_trainer_save_memory(seqecho_trainer *trainer, void *buf,
                                            size_t size, size_t *length) SEQECHO_MUST_CHECK;

/* Bring a trainer, and the weights of its graph, to where the saved one was.  If that was
 * inside a fit, a fit with `resume` set goes on there.  Not inside an event:
 * SEQECHO_ESTATE. SEQECHO_ESHAPE for a file of other layers, SEQECHO_EINVAL for one of
 * another optimizer. */
SEQECHO_API int seqecho_trainer_restore(seqecho_trainer *trainer,
                                        const char *path) SEQECHO_MUST_CHECK;
SEQECHO_API int seqecho_trainer_restore_memory(seqecho_trainer *trainer, const void *bytes,
                                               size_t size) SEQECHO_MUST_CHECK;

/* ---- A callback that saves the training as it goes ----------------------------------
 *
 * Files are named checkpoint-NNNNNNNNNNNN.safetensors by the number of optimizer steps.
 * One is written after every so many epochs or batches, after the last epoch, and when an
 * event stops the fit.  Each is complete: of a fit that is resumed from any of them,
 * everything that follows is the same, bit for bit.
 *
 * A fit that is not resumed refuses, with SEQECHO_ESTATE, a directory that holds
 * checkpoints of more steps than the trainer has made: they are of another training.  A
 * save that fails ends the fit with its code, but for SEQECHO_EDURABILITY, which goes
 * unheard. */
typedef struct seqecho_checkpoint_options {
    size_t struct_size;
    const char *directory;  /* required; made if it is not there; copied */
    int64_t every_epochs;   /* 0 means 1, or none where every_batches is set */
    int64_t every_batches;  /* counted through the fit; 0 means none */
    int64_t keep;           /* how many of the newest stay; 0 means 3 */
    const char *monitor;    /* of save_best: as in callbacks.h; copied */
    seqecho_bool save_best; /* keep also best.safetensors: that of the best epoch */
    uint8_t reserved[7];    /* zero */
    const seqecho_allocator *allocator; /* or NULL */
} seqecho_checkpoint_options;

#ifndef __cplusplus
#define SEQECHO_CHECKPOINT(...) \
    SEQECHO__REF(seqecho_checkpoint_options, \
                 .struct_size = sizeof(seqecho_checkpoint_options), __VA_ARGS__)
#endif

SEQECHO_API int seqecho_checkpoint_create(
    seqecho_callback **out, const seqecho_checkpoint_options *options) SEQECHO_MUST_CHECK;

/* The path of the newest checkpoint in a directory that is whole: its bytes are read and
 * its checksum compared, and damaged ones are passed over.  At most size - 1 characters
 * and a NUL are written; a path that does not fit is SEQECHO_EINVAL.  SEQECHO_ENOTFOUND if
 * there is none, or no directory; SEQECHO_EIO for a directory that cannot be read. */
SEQECHO_API int seqecho_checkpoint_latest(const char *directory, char *path,
                                          size_t size) SEQECHO_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif /* SEQECHO_FILES_H */
