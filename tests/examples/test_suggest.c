/* test_suggest.c - how near words are to each other.
 * SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "suggest.h"

static size_t apart(const char *one, const char *other)
{
    const size_t distance = suggest_distance(one, strlen(one), other);

    assert_int_equal(distance, suggest_distance(other, strlen(other), one));
    return distance;
}

static void distances(void **state)
{
    (void)state;
    assert_int_equal(apart("", ""), 0);
    assert_int_equal(apart("epochs", "epochs"), 0);
    assert_int_equal(apart("", "seed"), 4);
    assert_int_equal(apart("epoch", "epochs"), 1);
    assert_int_equal(apart("pochs", "epochs"), 1);
    assert_int_equal(apart("epoxhs", "epochs"), 1);
    assert_int_equal(apart("epocsh", "epochs"), 1);
    assert_int_equal(apart("pecohs", "epochs"), 2);
    assert_int_equal(apart("kitten", "sitting"), 3);
    assert_int_equal(apart("abc", "xyz"), 3);
    assert_int_equal(apart("ca", "abc"), 3);
    assert_int_equal(suggest_distance("epochs=7", 6, "epochs"), 0);
}

/* Words of any length; those beyond all reason are far from everything. */
static void long_words(void **state)
{
    char word[200];

    (void)state;
    for (size_t n = 0; n < sizeof word - 1; n++) {
        memset(word, 'a', n);
        word[n] = '\0';
        assert_int_equal(apart(word, "a"), n > 40 ? 40 : n == 0 ? 1 : n - 1);
        assert_int_equal(apart(word, word), n > 40 ? 40 : 0);
    }
}

static const char *nearest(const char *word)
{
    static const char *const known[] = { "epochs", "eval", "every", "n-in", "n-out" };
    suggestion s = suggest(word);

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        suggest_from(&s, known[i]);
    return s.best != NULL ? s.best : "";
}

static void suggestions(void **state)
{
    (void)state;
    assert_string_equal(nearest("epohs"), "epochs");
    assert_string_equal(nearest("evla"), "eval");
    assert_string_equal(nearest("evry"), "every");
    assert_string_equal(nearest("n_out"), "n-out");
    assert_string_equal(nearest("nin"), "n-in");
    assert_string_equal(nearest("ep"), "epochs");
    assert_string_equal(nearest("epochs"), "epochs");
    assert_string_equal(nearest("e"), "");
    assert_string_equal(nearest(""), "");
    assert_string_equal(nearest("verbose"), "");
    assert_string_equal(nearest("learning-rate"), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distances),
        cmocka_unit_test(long_words),
        cmocka_unit_test(suggestions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
