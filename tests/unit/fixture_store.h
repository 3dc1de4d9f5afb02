/* A fresh database in a folder of its own. */
#ifndef USHER_TESTS_FIXTURE_STORE_H
#define USHER_TESTS_FIXTURE_STORE_H

#include "store/store.h"

#include "fixture_folder.h"

struct fixture {
    char *dir, *path;
    struct store *db;
};

static inline void
set_up(struct fixture *f, gconstpointer data)
{
    (void)data;
    g_autoptr(GError) error = NULL;
    f->dir = g_dir_make_tmp("usher-store-XXXXXX", NULL);
    f->path = g_build_filename(f->dir, "usher.db", NULL);
    g_assert_true(store_migrate(f->path, &error));
    f->db = store_open(f->path, &error);
    g_assert_no_error(error);
}

static inline void
tear_down(struct fixture *f, gconstpointer data)
{
    (void)data;
    store_close(f->db);
    fixture_remove(f->dir);
    g_free(f->dir);
    g_free(f->path);
}

#define TEST(name, func) g_test_add("/store/" name, struct fixture, NULL, set_up, func, tear_down)

#endif
