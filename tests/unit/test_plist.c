/* Property lists: what they may hold, base64 in every length, and what is refused: entities, other XML, depth, damage at every byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/evp.h>

#include "formats/container/plist.h"

#define HEAD                                                                                                                                         \
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://x.invalid/P.dtd\">\n<plist "        \
    "version=\"1.0\">"

static struct exh_plist *parse(const char *text, struct exh_error *err)
{
    *err = (struct exh_error){0};
    return exh_plist_parse((const uint8_t *)text, strlen(text), err);
}

static const char usual[] =
    HEAD "\n<dict>\n <!-- a comment -->\n <key>text</key><string>a &amp; b &lt;ü&gt;</string>\n <key>number</key>\n<integer>42</integer>"
         "<key>yes</key><true/><key>none</key><string></string><key>empty</key><array/>\n<key>list</key><array><dict><key>k</key>"
         "<string>v</string></dict><string>second</string></array><key>bytes</key><data>\n\tAAEC\n\t/w==\n</data>"
         "<key>text</key><string>again</string></dict>\n</plist>\n";

static void what_it_may_hold(void **state)
{
    (void)state;
    struct exh_error err;
    struct exh_plist *p = parse(usual, &err);
    assert_non_null(p);
    assert_int_equal(p->kind, EXH_PLIST_DICT);
    assert_string_equal(exh_plist_text(p, "text"), "a & b <ü>"); /* the first of two */
    assert_string_equal(exh_plist_text(p, "number"), "42");
    assert_non_null(exh_plist_text(p, "yes"));
    assert_string_equal(exh_plist_text(p, "none"), "");
    const struct exh_plist *list = exh_plist_get(p, "list"), *empty = exh_plist_get(p, "empty"), *bytes = exh_plist_get(p, "bytes");
    assert_true(empty->kind == EXH_PLIST_ARRAY && empty->first == NULL);
    assert_true(list->kind == EXH_PLIST_ARRAY && list->first->kind == EXH_PLIST_DICT);
    assert_string_equal(exh_plist_text(list->first, "k"), "v");
    assert_string_equal(list->first->next->text, "second");
    assert_true(bytes->kind == EXH_PLIST_DATA && bytes->length == 4 && memcmp(bytes->data, "\0\1\2\377", 4) == 0);
    assert_null(exh_plist_get(p, "nothing"));
    assert_null(exh_plist_get(exh_plist_get(p, "nothing"), "k")); /* paths can be chained */
    assert_null(exh_plist_get(list, "k"));
    assert_null(exh_plist_text(p, "bytes"));
    exh_plist_close(p);
}

static void data_of_every_length(void **state)
{
    (void)state;
    uint8_t bytes[400];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 37 + i / 5);
    for (int n = 0; n <= 400; n++) {
        char base64[800] = "", text[1600];
        struct exh_error err;
        if (n > 0)
            assert_true(EVP_EncodeBlock((unsigned char *)base64, bytes, n) > 0);
        (void)snprintf(text, sizeof text, HEAD "<data>%.5s\n \t%s</data></plist>", base64, strlen(base64) > 5 ? base64 + 5 : "");
        struct exh_plist *p = parse(text, &err);
        assert_non_null(p);
        assert_int_equal(p->length, n);
        if (n > 0)
            assert_memory_equal(p->data, bytes, (size_t)n);
        exh_plist_close(p);
    }
}

static void what_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "no XML",
        "<html></html>",
        HEAD,
        HEAD "</plist>",
        HEAD "<dict>",
        HEAD "<dict><key>a</key></dict></plist>",
        HEAD "<dict><string>a</string></dict></plist>",
        HEAD "<dict><key>a</key><key>b</key></dict></plist>",
        HEAD "<dict><key>a<b/></key><string/></dict></plist>",
        HEAD "<unknown/></plist>",
        HEAD "<data>A</data></plist>",
        HEAD "<data>AAA</data></plist>",
        HEAD "<data>AA=A</data></plist>",
        HEAD "<data>A===</data></plist>",
        HEAD "<data>AA\xC3\xA4=</data></plist>",
        "<?xml version=\"1.0\"?><!DOCTYPE p [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;\">]><plist><string>&b;</string></plist>",
        "<?xml version=\"1.0\"?><!DOCTYPE p [<!ENTITY f SYSTEM \"file:///etc/passwd\">]><plist><string>&f;</string></plist>"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct exh_error err;
        struct exh_plist *p = parse(texts[i], &err);
        if (p != NULL && p->text != NULL) { /* an entity that was dropped is no content that was let in */
            assert_null(strstr(p->text, "root"));
            assert_null(strstr(p->text, "aaaaaaaaaa"));
            exh_plist_close(p);
            continue;
        }
        if (p != NULL)
            fail_msg("number %zu was taken", i);
        assert_true(err.code == EXH_CORRUPT || err.code == EXH_UNSUPPORTED);
        assert_true(err.text[0] != '\0');
    }
}

static void depth_is_bounded(void **state)
{
    (void)state;
    for (unsigned depth = 20; depth <= 2000; depth *= 10) {
        struct exh_error err;
        size_t room = sizeof HEAD + depth * 17 + 64, n = 0;
        char *text = malloc(room);
        assert_non_null(text);
        n += (size_t)snprintf(text, room, HEAD);
        for (unsigned i = 0; i < depth; i++)
            n += (size_t)snprintf(text + n, room - n, "<array>");
        for (unsigned i = 0; i < depth; i++)
            n += (size_t)snprintf(text + n, room - n, "</array>");
        (void)snprintf(text + n, room - n, "</plist>");
        struct exh_plist *p = parse(text, &err);
        assert_int_equal(p != NULL, depth < 32);
        exh_plist_close(p);
        free(text);
    }
}

/* Whatever a byte is changed to, the list is parsed or refused; a list cut short is refused. */
static void damaged_anywhere(void **state)
{
    (void)state;
    static const char values[] = {'\0', '<', '>', '&', '"', '/', '\x80', 'A'};
    struct exh_error err;
    for (size_t at = 0; at < sizeof usual - 1; at++) {
        char text[sizeof usual];
        for (size_t v = 0; v < sizeof values; v++) {
            memcpy(text, usual, sizeof text);
            text[at] = values[v];
            err = (struct exh_error){0};
            struct exh_plist *p = exh_plist_parse((const uint8_t *)text, sizeof text - 1, &err);
            assert_true((p != NULL) == (err.code == EXH_OK));
            exh_plist_close(p);
        }
        err = (struct exh_error){0};
        struct exh_plist *p = exh_plist_parse((const uint8_t *)usual, at, &err);
        assert_true((p != NULL) == (err.code == EXH_OK));
        if (at < sizeof usual - 20)
            if (p != NULL)
                fail_msg("cut at %zu of %zu", at, sizeof usual - 1);
        exh_plist_close(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_it_may_hold), cmocka_unit_test(data_of_every_length), cmocka_unit_test(what_is_refused),
                                       cmocka_unit_test(depth_is_bounded), cmocka_unit_test(damaged_anywhere)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
