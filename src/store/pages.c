#include "store/pages.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/error.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

/* LMDB's format, in the byte order and with the integers of a 64-bit little-endian machine.
 *
 *   page      number u64, pad u16, flags u16, lower u16, upper u16 (overflow: pages u32 in place of both), then the
 *             places of its nodes, u16 each, up to lower; the nodes fill upper … end
 *   node      low u16, high u16, flags u16, key length u16, key, then in a leaf the data
 *             leaf: low and high are the length of the data; branch: with flags the number of a page
 *   tree      pad u32, flags u16, depth u16, branch, leaf and overflow pages u64, entries u64, root u64
 *   meta      (behind the page's header) magic u32, version u32, address u64, map length u64, free list's tree,
 *             main tree, last page u64, txnid u64. The free tree's pad is the length of a page. */
enum {
    HEADER_LEN = 16,
    NODE_LEN = 8,
    TREE_LEN = 48,
    META_LEN = 24 + 2 * TREE_LEN + 16,
    META_PAGES = 2,
    KEY_LEN_MAX = 511,
    PAGE_BRANCH = 0x01,
    PAGE_LEAF = 0x02,
    PAGE_OVERFLOW = 0x04,
    PAGE_META = 0x08,
    NODE_BIG = 0x01,
    NODE_TREE = 0x02,
    TREE_INTEGER_KEYS = 0x08,
};
#define META_MAGIC 0xbeefc0deu
#define NO_PAGE UINT64_MAX

typedef enum tree_kind { TREE_FREE, TREE_MAIN, TREE_NAMED } tree_kind;

typedef struct tree {
    tree_kind kind;
    uint32_t flags;
    uint32_t pad;
    uint32_t depth;
    uint64_t branch_pages;
    uint64_t leaf_pages;
    uint64_t overflow_pages;
    uint64_t entries;
    uint64_t root;
} tree;

typedef struct meta {
    tree free;
    tree main;
    uint64_t last;
    uint64_t txnid;
    uint32_t page_len;
} meta;

typedef struct node {
    const uint8_t *key;
    size_t key_len;
    uint64_t child; // of a branch
    uint32_t data_len;
    uint32_t flags;
    size_t data_at; // within the page
} node;

typedef struct bound {
    uint8_t key[KEY_LEN_MAX + 1];
    size_t len;
    bool is_set;
} bound;

typedef struct walk {
    int file;
    const char *name;
    aether_error *err;
    ae_pages_extent extent;
    uint64_t file_pages;
    meta now;
    uint8_t *claimed; // a bit for each page
    uint8_t *cells;   // of the page at hand: a byte for each two bytes
    uint8_t *levels;  // a page for each level
    uint64_t free;
    tree named[AE_PAGES_TREES_MAX];
    size_t named_count;
    tree found;  // counted in the tree at hand
    bound last;  // the greatest key so far of the tree at hand
    bound floor; // the separator that the next leaf lies behind
} walk;

#define DAMAGED(self, page, what, ...)                                                            \
    ae_fail((self)->err, AETHER_STORAGE_DAMAGED, "%s is damaged: page %llu: " what, (self)->name, \
        (unsigned long long)(page), __VA_ARGS__)

static uint32_t get_u16(const uint8_t *in) {
    return (uint32_t)in[0] | (uint32_t)in[1] << 8;
}

static aether_status read_at(const walk *self, uint64_t at, void *out, size_t len) {
    size_t done = 0;
    while (done < len) {
        const ssize_t got =
            pread(self->file, (uint8_t *)out + done, len - done, (off_t)(at + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return ae_fail(self->err, AETHER_STORAGE_FAILED, "%s: can't be read at %llu: %s",
                self->name, (unsigned long long)at, strerror(errno));
        if (got == 0)
            return ae_fail(self->err, AETHER_STORAGE_DAMAGED,
                "%s is damaged: it ends before byte %llu", self->name,
                (unsigned long long)(at + len));
        done += (size_t)got;
    }
    return AETHER_OK;
}

static tree tree_of(const uint8_t *in, tree_kind kind) {
    return (tree){.kind = kind,
        .pad = ae_get_u32_le(in),
        .flags = get_u16(in + 4),
        .depth = get_u16(in + 6),
        .branch_pages = ae_get_u64_le(in + 8),
        .leaf_pages = ae_get_u64_le(in + 16),
        .overflow_pages = ae_get_u64_le(in + 24),
        .entries = ae_get_u64_le(in + 32),
        .root = ae_get_u64_le(in + 40)};
}

static aether_status read_meta(walk *self, uint64_t number, uint32_t page_len, meta *out) {
    uint8_t bytes[HEADER_LEN + META_LEN];
    AE_TRY(read_at(self, number * page_len, bytes, sizeof bytes));
    const uint8_t *in = bytes + HEADER_LEN;
    if (ae_get_u64_le(bytes) != number || get_u16(bytes + 10) != PAGE_META ||
        ae_get_u32_le(in) != META_MAGIC || ae_get_u32_le(in + 4) != 1 || ae_get_u64_le(in + 8) != 0)
        return DAMAGED(self, number, "not the start of a database%s", "");
    *out = (meta){.free = tree_of(in + 24, TREE_FREE),
        .main = tree_of(in + 24 + TREE_LEN, TREE_MAIN),
        .last = ae_get_u64_le(in + 24 + 2 * TREE_LEN),
        .txnid = ae_get_u64_le(in + 32 + 2 * TREE_LEN)};
    out->page_len = out->free.pad;
    out->free.pad = 0;
    if (out->page_len < 512 || out->page_len > AE_PAGE_LEN_MAX ||
        (out->page_len & (out->page_len - 1)) != 0)
        return DAMAGED(self, number, "pages of %u bytes", out->page_len);
    return AETHER_OK;
}

// Commit n writes meta page n % 2, so that the two are of neighbouring commits. A meta page with another number makes
// LMDB fall back to the state before.
static aether_status read_metas(walk *self, uint64_t file_len) {
    meta both[META_PAGES];
    AE_TRY(read_meta(self, 0, 0, &both[0]));
    const uint32_t page_len = both[0].page_len;
    AE_TRY(read_meta(self, 1, page_len, &both[1]));
    const bool is_first_newer = both[0].txnid > both[1].txnid;
    const meta *newer = &both[is_first_newer ? 0 : 1], *older = &both[is_first_newer ? 1 : 0];
    if (both[1].page_len != page_len)
        return DAMAGED(self, 1, "pages of %u bytes, and of %u", both[1].page_len, page_len);
    const bool is_new = newer->txnid == 0 && older->txnid == 0;
    if (!is_new && (newer->txnid != older->txnid + 1 || (newer->txnid & 1) != !is_first_newer))
        return DAMAGED(self, !is_first_newer, "of commit %llu, beside one of %llu",
            (unsigned long long)newer->txnid, (unsigned long long)older->txnid);
    self->now = *newer;
    self->file_pages = file_len / page_len;
    // Pages at the end that are free may never have been written, so the file may be shorter; but not by much.
    if (newer->last < META_PAGES - 1 || newer->last / 2 > self->file_pages + 1024)
        return DAMAGED(self, !is_first_newer, "%llu pages, but the file has %llu",
            (unsigned long long)newer->last + 1, (unsigned long long)self->file_pages);
    return AETHER_OK;
}

static aether_status claim(walk *self, uint64_t number, uint64_t count) {
    const uint64_t last = self->now.last;
    if (number < META_PAGES || number > last || count == 0 || count > last - number + 1)
        return DAMAGED(self, number, "%llu pages that are outside of the file's %llu",
            (unsigned long long)count, (unsigned long long)last + 1);
    for (uint64_t i = number; i < number + count; i++) {
        const uint8_t bit = (uint8_t)(1u << (i % 8));
        if ((self->claimed[i / 8] & bit) != 0)
            return DAMAGED(self, i, "used twice, or used and free%s", "");
        self->claimed[i / 8] |= bit;
    }
    return AETHER_OK;
}

// Every page is used or free. Overflow pages are not known unless leaves were read.
static aether_status check_all_claimed(walk *self) {
    for (uint64_t i = META_PAGES; i <= self->now.last; i++)
        if ((self->claimed[i / 8] >> (i % 8) & 1) == 0)
            return DAMAGED(self, i, "neither used nor free%s", "");
    return AETHER_OK;
}

static size_t node_count(const uint8_t *page) {
    return (get_u16(page + 12) - HEADER_LEN) / 2;
}

// Of a page that was checked, or bounds are checked behind it.
static node node_at(const uint8_t *page, size_t at, bool is_leaf) {
    const uint8_t *in = page + at;
    const uint32_t low = get_u16(in), high = get_u16(in + 2), flags = get_u16(in + 4);
    node out = {.key = in + NODE_LEN, .key_len = get_u16(in + 6)};
    out.data_at = at + NODE_LEN + out.key_len;
    if (is_leaf) {
        out.data_len = low | high << 16;
        out.flags = flags;
    } else {
        out.child = low | (uint64_t)high << 16 | (uint64_t)flags << 32;
    }
    return out;
}

static node get_node(const uint8_t *page, size_t index, bool is_leaf) {
    return node_at(page, get_u16(page + HEADER_LEN + 2 * index), is_leaf);
}

static aether_status check_node(walk *self, const uint8_t *page, size_t at, const tree *of) {
    const bool is_leaf = get_u16(page + 10) == PAGE_LEAF;
    const uint64_t number = ae_get_u64_le(page);
    const size_t page_len = self->now.page_len;
    if (at % 2 != 0 || at < get_u16(page + 14) || at + NODE_LEN > page_len)
        return DAMAGED(self, number, "a node at %zu", at);
    const node it = node_at(page, at, is_leaf);
    const size_t data_len = !is_leaf ? 0 : (it.flags & NODE_BIG) != 0 ? 8 : it.data_len;
    if (it.key_len > KEY_LEN_MAX || it.data_at > page_len || data_len > page_len - it.data_at)
        return DAMAGED(self, number, "a node at %zu is too long", at);
    if (is_leaf && (it.key_len == 0 || (of->kind == TREE_FREE && it.key_len != 8)))
        return DAMAGED(self, number, "a key of %zu bytes", it.key_len);
    const uint32_t allowed = of->kind == TREE_MAIN ? NODE_BIG | NODE_TREE : NODE_BIG;
    if (is_leaf && ((it.flags & ~allowed) != 0 || it.flags == (NODE_BIG | NODE_TREE) ||
                       ((it.flags & NODE_TREE) != 0 && it.data_len != TREE_LEN)))
        return DAMAGED(self, number, "a node with flags %u", it.flags);
    const size_t end = (it.data_at + data_len + 1) / 2;
    for (size_t cell = at / 2; cell < end; cell++) {
        if (cell >= page_len / 2 || self->cells[cell] != 0)
            return DAMAGED(self, number, "two nodes at %zu", cell * 2);
        self->cells[cell] = 1;
    }
    return AETHER_OK;
}

// Nodes lie without a gap from `upper` to the end.
static aether_status check_layout(walk *self, const uint8_t *page, const tree *of) {
    const uint64_t number = ae_get_u64_le(page);
    const size_t lower = get_u16(page + 12), upper = get_u16(page + 14),
                 page_len = self->now.page_len;
    if (lower < HEADER_LEN || lower % 2 != 0 || lower > upper || upper > page_len)
        return DAMAGED(self, number, "free from %zu to %zu", lower, upper);
    const size_t count = node_count(page);
    const bool is_leaf = get_u16(page + 10) == PAGE_LEAF;
    if (count < (is_leaf || of->kind == TREE_FREE ? 1u : 2u))
        return DAMAGED(self, number, "%zu nodes", count);
    memset(self->cells, 0, page_len / 2);
    for (size_t i = 0; i < count; i++)
        AE_TRY(check_node(self, page, get_u16(page + HEADER_LEN + 2 * i), of));
    for (size_t cell = (upper + 1) / 2; cell < page_len / 2; cell++)
        if (self->cells[cell] == 0)
            return DAMAGED(self, number, "no node at %zu", cell * 2);
    return AETHER_OK;
}

static int compare_keys(const tree *of, const uint8_t *a, size_t a_len, const bound *b) {
    if (of->kind != TREE_FREE)
        return ae_bytes_compare(ae_bytes(a, a_len), ae_bytes(b->key, b->len));
    const uint64_t left = ae_get_u64_le(a), right = ae_get_u64_le(b->key);
    return (left > right) - (left < right);
}

static void set_bound(bound *self, const node *from) {
    memcpy(self->key, from->key, from->key_len);
    self->len = from->key_len;
    self->is_set = true;
}

// A separator lies behind everything before it, and is the floor of what follows.
static aether_status pass_separator(walk *self, const tree *of, uint64_t number, const node *it) {
    if (it->key_len == 0 || (of->kind == TREE_FREE && it->key_len != 8))
        return DAMAGED(self, number, "a key of %zu bytes", it->key_len);
    if ((self->last.is_set && compare_keys(of, it->key, it->key_len, &self->last) <= 0) ||
        (self->floor.is_set && compare_keys(of, it->key, it->key_len, &self->floor) <= 0))
        return DAMAGED(self, number, "keys out of order%s", "");
    set_bound(&self->floor, it);
    return AETHER_OK;
}

static aether_status pass_key(walk *self, const tree *of, uint64_t number, const node *it) {
    if ((self->last.is_set && compare_keys(of, it->key, it->key_len, &self->last) <= 0) ||
        (self->floor.is_set && compare_keys(of, it->key, it->key_len, &self->floor) < 0))
        return DAMAGED(self, number, "keys out of order%s", "");
    set_bound(&self->last, it);
    return AETHER_OK;
}

// Pages that a commit set free, from the last to the first: their count, then their numbers.
static aether_status pass_free_list(walk *self, uint64_t number, const node *it, uint64_t at) {
    uint8_t chunk[512];
    uint64_t before = UINT64_MAX, count = 0;
    if (ae_get_u64_le(it->key) > self->now.txnid || it->data_len < 8 || it->data_len % 8 != 0)
        return DAMAGED(self, number, "a free list of commit %llu with %u bytes",
            (unsigned long long)ae_get_u64_le(it->key), it->data_len);
    AE_TRY(read_at(self, at, chunk, 8));
    count = ae_get_u64_le(chunk);
    if (count > it->data_len / 8 - 1)
        return DAMAGED(self, number, "a free list of %llu pages in %u bytes",
            (unsigned long long)count, it->data_len);
    for (uint64_t i = 0; i < count; i++) {
        const uint64_t in_chunk = i % (sizeof chunk / 8);
        const uint64_t left = (count - i) * 8;
        if (in_chunk == 0)
            AE_TRY(read_at(
                self, at + 8 + i * 8, chunk, left < sizeof chunk ? (size_t)left : sizeof chunk));
        const uint64_t page = ae_get_u64_le(chunk + in_chunk * 8);
        if (page >= before)
            return DAMAGED(self, number, "a free list out of order%s", "");
        before = page;
        AE_TRY(claim(self, page, 1));
    }
    self->free += count;
    return AETHER_OK;
}

static aether_status pass_overflow(
    walk *self, const uint8_t *page, const node *it, uint64_t *out_at) {
    const uint64_t number = ae_get_u64_le(page + it->data_at);
    uint8_t header[HEADER_LEN];
    if (number < META_PAGES || number > self->now.last)
        return DAMAGED(
            self, ae_get_u64_le(page), "a value on page %llu", (unsigned long long)number);
    AE_TRY(read_at(self, number * self->now.page_len, header, sizeof header));
    const uint64_t count = ae_get_u32_le(header + 12);
    const uint64_t needed = (HEADER_LEN - 1 + (uint64_t)it->data_len) / self->now.page_len + 1;
    if (ae_get_u64_le(header) != number || get_u16(header + 10) != PAGE_OVERFLOW || count < needed)
        return DAMAGED(self, number, "not a value of %u bytes", it->data_len);
    AE_TRY(claim(self, number, count));
    if (number + needed > self->file_pages)
        return DAMAGED(self, number, "behind the file's end%s", "");
    self->found.overflow_pages += count;
    *out_at = number * self->now.page_len + HEADER_LEN;
    return AETHER_OK;
}

static aether_status pass_leaf(walk *self, const uint8_t *page, const tree *of) {
    const uint64_t number = ae_get_u64_le(page);
    for (size_t i = 0; i < node_count(page); i++) {
        const node it = get_node(page, i, true);
        uint64_t at = number * self->now.page_len + it.data_at;
        AE_TRY(pass_key(self, of, number, &it));
        if ((it.flags & NODE_BIG) != 0)
            AE_TRY(pass_overflow(self, page, &it, &at));
        if (of->kind == TREE_FREE)
            AE_TRY(pass_free_list(self, number, &it, at));
        if ((it.flags & NODE_TREE) != 0) {
            if (self->named_count == AE_PAGES_TREES_MAX)
                return DAMAGED(self, number, "more than %d trees", AE_PAGES_TREES_MAX);
            self->named[self->named_count++] = tree_of(page + it.data_at, TREE_NAMED);
        }
        self->found.entries++;
    }
    return AETHER_OK;
}

static aether_status read_page(walk *self, uint64_t number, uint32_t flags, uint8_t *out) {
    if (number >= self->file_pages)
        return DAMAGED(self, number, "behind the file's end%s", "");
    AE_TRY(read_at(self, number * self->now.page_len, out, self->now.page_len));
    if (ae_get_u64_le(out) != number || get_u16(out + 10) != flags)
        return DAMAGED(self, number, "says number %llu and flags %u",
            (unsigned long long)ae_get_u64_le(out), get_u16(out + 10));
    return AETHER_OK;
}

// Level 0 is the root. Leaves are pages too, but those of named trees need not be read.
static aether_status enter(walk *self, const tree *of, uint32_t level, uint64_t number) {
    const bool is_leaf = level + 1 == of->depth;
    uint8_t *page = self->levels + (size_t)level * self->now.page_len;
    AE_TRY(claim(self, number, 1));
    if (is_leaf)
        self->found.leaf_pages++;
    else
        self->found.branch_pages++;
    if (is_leaf && of->kind == TREE_NAMED && self->extent == AE_PAGES_BRANCHES) {
        if (number >= self->file_pages)
            return DAMAGED(self, number, "behind the file's end%s", "");
        return AETHER_OK;
    }
    AE_TRY(read_page(self, number, is_leaf ? PAGE_LEAF : PAGE_BRANCH, page));
    AE_TRY(check_layout(self, page, of));
    return is_leaf ? pass_leaf(self, page, of) : AETHER_OK;
}

static aether_status check_tree_counts(walk *self, const tree *of) {
    const tree *found = &self->found;
    const bool has_leaves = of->kind != TREE_NAMED || self->extent == AE_PAGES_ALL;
    if (found->branch_pages == of->branch_pages && found->leaf_pages == of->leaf_pages &&
        (!has_leaves ||
            (found->overflow_pages == of->overflow_pages && found->entries == of->entries)))
        return AETHER_OK;
    return DAMAGED(self, of->root, "a tree with %llu records, counted %llu; or its pages differ",
        (unsigned long long)of->entries, (unsigned long long)found->entries);
}

static aether_status walk_tree(walk *self, const tree *of) {
    size_t next[AE_PAGES_DEPTH_MAX] = {0}; // child of the page of each level
    uint32_t level = 0;
    self->found = (tree){0};
    self->last.is_set = self->floor.is_set = false;
    if (of->pad != 0 || of->flags != (of->kind == TREE_FREE ? (uint32_t)TREE_INTEGER_KEYS : 0))
        return DAMAGED(self, of->root, "a tree with flags %u", of->flags);
    if (of->root == NO_PAGE)
        return of->depth == 0 ? check_tree_counts(self, of)
                              : DAMAGED(self, 0, "no tree, but depth %u", of->depth);
    if (of->depth == 0 || of->depth > AE_PAGES_DEPTH_MAX)
        return DAMAGED(self, of->root, "a tree of depth %u", of->depth);
    AE_TRY(enter(self, of, 0, of->root));
    if (of->depth == 1)
        return check_tree_counts(self, of);
    for (;;) {
        const uint8_t *page = self->levels + (size_t)level * self->now.page_len;
        if (next[level] == node_count(page)) {
            if (level == 0)
                return check_tree_counts(self, of);
            level--;
            continue;
        }
        const size_t index = next[level]++;
        const node it = get_node(page, index, false);
        if (index != 0)
            AE_TRY(pass_separator(self, of, ae_get_u64_le(page), &it));
        AE_TRY(enter(self, of, level + 1, it.child));
        if (level + 2 < of->depth) {
            level++;
            next[level] = 0;
        }
    }
}

static aether_status walk_all(walk *self) {
    AE_TRY(walk_tree(self, &self->now.free));
    AE_TRY(walk_tree(self, &self->now.main));
    for (size_t i = 0; i < self->named_count; i++)
        AE_TRY(walk_tree(self, &self->named[i]));
    return self->extent == AE_PAGES_ALL ? check_all_claimed(self) : AETHER_OK;
}

// Both meta pages are written at first and not synced; commit 1 syncs them before it writes page 1.
bool ae_pages_is_unfinished(int file, uint64_t file_len) {
    walk self = {.file = file, .name = ""};
    meta both[META_PAGES];
    if (file_len > (uint64_t)META_PAGES * AE_PAGE_LEN_MAX)
        return false;
    if (read_meta(&self, 0, 0, &both[0]) != AETHER_OK)
        return true;
    return both[0].txnid == 0 && read_meta(&self, 1, both[0].page_len, &both[1]) != AETHER_OK;
}

aether_status ae_pages_check(int file, const char *name, ae_pages_extent extent,
    ae_pages_summary *out_summary, aether_error *err) {
    struct stat about;
    if (fstat(file, &about) != 0)
        return ae_fail(err, AETHER_STORAGE_FAILED, "%s: %s", name, strerror(errno));
    walk *self = ae_alloc(1, sizeof *self);
    if (self == NULL)
        return ae_fail(err, AETHER_OUT_OF_MEMORY, "%s: no memory to check it", name);
    self->file = file;
    self->name = name;
    self->err = err;
    self->extent = extent;
    aether_status status = read_metas(self, (uint64_t)about.st_size);
    if (status == AETHER_OK) {
        self->claimed = ae_alloc((size_t)(self->now.last / 8 + 1), 1);
        self->cells = ae_alloc(self->now.page_len / 2, 1);
        self->levels = ae_alloc(AE_PAGES_DEPTH_MAX, self->now.page_len);
        status = self->claimed == NULL || self->cells == NULL || self->levels == NULL
                     ? ae_fail(err, AETHER_OUT_OF_MEMORY, "%s: no memory to check it", name)
                     : walk_all(self);
    }
    if (status == AETHER_OK) {
        *out_summary = (ae_pages_summary){.txnid = self->now.txnid,
            .last = self->now.last,
            .free = self->free,
            .page_len = self->now.page_len};
        for (size_t i = 0; i < self->named_count; i++)
            out_summary->records += self->named[i].entries;
    }
    ae_free(self->claimed);
    ae_free(self->cells);
    ae_free(self->levels);
    ae_free(self);
    return status;
}
