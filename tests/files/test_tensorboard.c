/* test_tensorboard.c - files for TensorBoard, read by a reader that shares nothing with the
 * writer.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <sys/stat.h>

#include "counting_alloc.h"
#include "refuse.h"
#include "saving.h"

/* ---- A reader ----------------------------------------------------------------------- */

enum { VALUES = 8 };

typedef struct record {
    double wall_time;
    long long step;
    char version[32];
    int status; /* of a session log; -1 for none */
    size_t n;
    struct {
        char tag[48];
        float value;
    } value[VALUES];
} record;

typedef struct part {
    const unsigned char *at, *end;
} part;

/* CRC-32C by a table; the writer has none. */
static uint32_t crc32c(const unsigned char *bytes, size_t n)
{
    uint32_t table[256], crc = 0xffffffffu;

    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;

        for (int k = 0; k < 8; k++)
            c = (c & 1) != 0 ? 0x82f63b78u ^ (c >> 1) : c >> 1;
        table[i] = c;
    }
    for (size_t i = 0; i < n; i++)
        crc = table[(crc ^ bytes[i]) & 255] ^ (crc >> 8);
    return crc ^ 0xffffffffu;
}

static void known_checksums(void **state)
{
    static const unsigned char zeros[32] = { 0 };

    (void)state;
    assert_int_equal(crc32c((const unsigned char *)"123456789", 9), 0xe3069283u);
    assert_int_equal(crc32c(zeros, 32), 0x8a9136aau); /* RFC 3720, B.4 */
}

static void check_sum(const unsigned char *bytes, size_t n, const unsigned char *sum)
{
    const uint32_t crc = crc32c(bytes, n);
    uint32_t found;

    memcpy(&found, sum, 4);
    assert_int_equal((uint32_t)(((crc >> 15) | (crc << 17)) + 0xa282ead8u), found);
}

static uint64_t varint(part *p)
{
    uint64_t value = 0;

    for (int shift = 0;; shift += 7) {
        assert_true(p->at < p->end && shift < 64);
        value |= (uint64_t)(*p->at & 127) << shift;
        if (*p->at++ < 128)
            return value;
    }
}

/* The next field: its number; its content as bytes, or *number for those that are one. */
static int field(part *p, part *content, uint64_t *number)
{
    const uint64_t key = varint(p);
    size_t n = 0;

    *number = 0;
    switch (key & 7) {
    case 0: *number = varint(p); break;
    case 1: n = 8; break;
    case 2: n = (size_t)varint(p); break;
    case 5: n = 4; break;
    default: fail_msg("a field of type %d", (int)(key & 7));
    }
    assert_true(n <= (size_t)(p->end - p->at));
    *content = (part){ p->at, p->at + n };
    p->at += n;
    return (int)(key >> 3);
}

static void text(char *to, size_t room, part content)
{
    const size_t n = (size_t)(content.end - content.at);

    assert_true(n < room);
    memcpy(to, content.at, n);
    to[n] = '\0';
}

static void read_value(record *r, part p)
{
    part content;
    uint64_t number;

    assert_true(r->n < VALUES);
    while (p.at < p.end)
        switch (field(&p, &content, &number)) {
        case 1: text(r->value[r->n].tag, sizeof r->value[0].tag, content); break;
        case 2: memcpy(&r->value[r->n].value, content.at, 4); break;
        default: fail_msg("an unknown field of a value");
        }
    r->n++;
}

static void read_event(record *r, part p)
{
    part content, inner;
    uint64_t number;

    *r = (record){ .status = -1 };
    while (p.at < p.end)
        switch (field(&p, &content, &number)) {
        case 1: memcpy(&r->wall_time, content.at, 8); break;
        case 2: r->step = (long long)number; break;
        case 3: text(r->version, sizeof r->version, content); break;
        case 5:
            while (content.at < content.end) {
                assert_int_equal(field(&content, &inner, &number), 1);
                read_value(r, inner);
            }
            break;
        case 7:
            assert_int_equal(field(&content, &inner, &number), 1);
            r->status = (int)number;
            break;
        default: fail_msg("an unknown field of an event");
        }
}

/* All records of a file; how many. */
static size_t read_records(const char *path, record *r, size_t most)
{
    const file_bytes f = file_read(path);
    size_t n = 0;

    for (size_t at = 0; at < f.size;) {
        uint64_t length;

        assert_true(n < most && f.size - at >= 16);
        memcpy(&length, f.data + at, 8);
        assert_true(length <= f.size - at - 16);
        check_sum(f.data + at, 8, f.data + at + 8);
        check_sum(f.data + at + 12, length, f.data + at + 12 + length);
        read_event(&r[n++], (part){ f.data + at + 12, f.data + at + 12 + length });
        at += 16 + length;
    }
    free(f.data);
    return n;
}

/* The i-th of the files in a directory, in the order of their names; how many there are. */
static int find_file(const char *directory, int i, char path[512])
{
    struct dirent **list;
    const int n = scandir(directory, &list, NULL, alphasort);
    int files = 0;

    for (int k = 0; k < n; k++) {
        if (list[k]->d_name[0] != '.') {
            assert_memory_equal(list[k]->d_name, "events.out.tfevents.", 20);
            if (files++ == i)
                (void)snprintf(path, 512, "%s/%s", directory, list[k]->d_name);
        }
        free(list[k]);
    }
    if (n >= 0)
        free(list);
    return files;
}

/* ---- What is in them ---------------------------------------------------------------- */

static const training_plan validated = SAVING_PLAN(.held_out = true);

static void open_board(training *t, const training_plan *plan)
{
    training_open(t, plan, 1, "log");
    file_must(seqecho_tensorboard_create(&t->callback[t->n_callbacks++],
                                         SEQECHO_TENSORBOARD(.directory = "board")));
}

/* A file begins with its version, and with the epoch from which on it is right. */
static void expect_beginning(const record *r, long long first)
{
    assert_string_equal(r[0].version, "brain.Event:2");
    assert_int_equal(r[0].n, 0);
    assert_int_equal(r[0].status, -1);
    assert_int_equal(r[1].status, 1);
    assert_int_equal(r[1].step, first);
    assert_true(r[0].wall_time > 1.6e9 && r[0].wall_time <= r[1].wall_time);
}

static void expect_epoch(const record *r, const training *t, long long epoch,
                         const char *const *series, size_t n)
{
    assert_int_equal(r->step, epoch);
    assert_int_equal(r->n, n);
    for (size_t i = 0; i < n; i++) {
        size_t count;
        const double *const values = seqecho_trainer_history(t->trainer, series[i], &count);
        const char *const name =
            strncmp(series[i], "val_", 4) == 0 ? series[i] + 4 : series[i];

        assert_true(epoch < (long long)count);
        assert_memory_equal(r->value[i].tag, "epoch_", 6);
        assert_string_equal(r->value[i].tag + 6, name);
        assert_true(r->value[i].value == (float)values[epoch]);
    }
}

static const char *const of_training[] = { "loss", "mae", "learning_rate" };
static const char *const of_validation[] = { "val_loss", "val_mae" };

static void expect_file(const char *directory, int i, const training *t, long long first,
                        const char *const *series, size_t n)
{
    record r[16];
    char path[512];

    assert_true(find_file(directory, i, path) > i);
    assert_int_equal(read_records(path, r, 16), 2 + 4 - first);
    expect_beginning(r, first);
    for (long long epoch = first; epoch < 4; epoch++)
        expect_epoch(&r[2 + epoch - first], t, epoch, series, n);
}

static void both_parts(void **state)
{
    char path[512];
    training t;

    (void)state;
    open_board(&t, &validated);
    assert_int_equal(access("board", F_OK), -1); /* not before it is needed */
    training_fit(&t);
    assert_int_equal(find_file("board/train", 0, path), 1);
    assert_int_equal(find_file("board/validation", 0, path), 1);
    expect_file("board/train", 0, &t, 0, of_training, 3);
    expect_file("board/validation", 0, &t, 0, of_validation, 2);
    training_close(&t);
}

/* Another fit has another file. */
static void training_alone(void **state)
{
    char path[512];
    training t;

    (void)state;
    open_board(&t, &saving_plain);
    training_fit(&t);
    assert_int_equal(access("board/validation", F_OK), -1);
    expect_file("board/train", 0, &t, 0, of_training, 3);
    training_fit(&t);
    assert_int_equal(find_file("board/train", 0, path), 2);
    training_close(&t);
}

/* Stopped at each event and resumed: what the reader takes together is every epoch once. */
static void resumed(void **state)
{
    (void)state;
    for (int stop = 0;; stop++) {
        training first, second;
        char path[512];
        int files;
        bool over;

        open_board(&first, &validated);
        first.stop_at = stop;
        training_fit(&first);
        over = first.events <= stop;
        if (!over) {
            record r[16];
            long long from = 4;

            open_board(&second, &validated);
            training_restore(&second, &first);
            file_must(training_try(&second, true));
            files = find_file("board/train", 0, path);
            assert_true(files >= 1);
            (void)find_file("board/train", files - 1, path);
            assert_true(read_records(path, r, 16) >= 3);
            from = r[1].step;
            if (files == 1)
                assert_int_equal(from, 0);
            expect_file("board/train", files - 1, &second, from, of_training, 3);
            expect_file("board/validation", files - 1, &second, from, of_validation, 2);
            training_close(&second);
        }
        training_close(&first);
        file_remove_directory("board");
        if (over)
            break;
        assert_true(stop < 100);
    }
}

/* ---- Refused ------------------------------------------------------------------------ */

static void refused(void **state)
{
    seqecho_callback *callback = NULL;
    training t;

    (void)state;
    assert_refused(seqecho_tensorboard_create(NULL, SEQECHO_TENSORBOARD(.directory = "b")),
                   SEQECHO_EINVAL, "tensorboard options: out is NULL");
    assert_refused(seqecho_tensorboard_create(&callback, NULL), SEQECHO_EINVAL,
                   "tensorboard: directory is NULL, expected a path");
    assert_refused(
        seqecho_tensorboard_create(&callback, SEQECHO_TENSORBOARD(.directory = "")),
        SEQECHO_EINVAL, "tensorboard: directory is empty, expected a path");
    assert_null(callback);

    training_open(&t, &saving_plain, 1, "log");
    file_must(seqecho_tensorboard_create(&t.callback[t.n_callbacks++],
                                         SEQECHO_TENSORBOARD(.directory = "no/such")));
    assert_refused(training_try(&t, false), SEQECHO_EIO,
                   "tensorboard: cannot make the directory \"no/such\": No such file or "
                   "directory");
    training_close(&t);

    /* A file in its place is met when the first epoch has ended. */
    saving_put("board", "x", 1);
    open_board(&t, &saving_plain);
    assert_refused(training_try(&t, false), SEQECHO_EIO,
                   "tensorboard: cannot make the directory \"board/train\": Not a "
                   "directory");
    training_close(&t);
}

/* Memory runs out when it is made, and when its files are opened. */
static void without_memory(void **state)
{
    seqecho_callback *callback = (seqecho_callback *)1;
    training t;

    (void)state;
    for (int64_t at = 1; at <= 5; at++) {
        counting_alloc blocks = { .fail_at = at };
        const seqecho_allocator hook = counting_alloc_hook(&blocks);
        const int err = seqecho_tensorboard_create(
            &callback, SEQECHO_TENSORBOARD(.directory = "board", .allocator = &hook));

        if (at <= 3) {
            assert_int_equal(err, SEQECHO_ENOMEM);
            assert_null(callback);
        } else {
            file_must(err);
            training_open(&t, &validated, 1, "log");
            t.callback[t.n_callbacks++] = callback;
            assert_int_equal(training_try(&t, false), SEQECHO_ENOMEM);
            assert_non_null(strstr(seqecho_error_message(), "tensorboard: out of memory"));
            training_close(&t);
        }
        assert_int_equal(blocks.calls, at);
        assert_int_equal(blocks.live, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_checksums),
        alone_test(both_parts),
        alone_test(training_alone),
        alone_test(resumed),
        alone_test(refused),
        alone_test(without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
