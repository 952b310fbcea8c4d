/* The folders that a run writes into. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "commands/folders.h"

/* One level. What is there already is fine, if it is a folder. */
static bool make_level(const char *path, struct error *error)
{
    struct stat found;

    if (mkdir(path, 0777) == 0)
        return true;
    int number = errno;
    if (stat(path, &found) != 0)
        return error_set(error, "%s: %s", path, strerror(number));
    return S_ISDIR(found.st_mode) ||
           error_set(error, "%s: exists and is no folder", path);
}

bool make_folder(const char *path, struct error *error)
{
    char part[4096];

    if ((size_t)snprintf(part, sizeof part, "%s", path) >= sizeof part)
        return error_set(error, "%.80s...: name too long", path);
    if (part[0] == '\0')
        return error_set(error, "a folder without a name");
    for (char *at = strchr(part + 1, '/'); at != NULL;
         at = strchr(at + 1, '/')) {
        *at = '\0';
        if (!make_level(part, error))
            return false;
        *at = '/';
    }
    return make_level(part, error);
}

static int is_entry(const struct dirent *entry)
{
    return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

static int remove_entry(const char *path, const struct stat *status, int kind,
                        struct FTW *place)
{
    (void)status;
    (void)kind;
    return place->level > 0 ? remove(path) : 0;
}

/* A player has been at work there. */
static bool is_ours(const char *path)
{
    static const char *const signs[] = {"events.jsonl", "trace.pcapng",
                                        "result.json", "player.log"};
    char sign[4096];

    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        int size = snprintf(sign, sizeof sign, "%s/%s", path, signs[i]);

        if (size > 0 && (size_t)size < sizeof sign && access(sign, F_OK) == 0)
            return true;
    }
    return false;
}

static bool empty_folder(const char *path, struct error *error)
{
    return nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) ==
               0 ||
           error_set(error, "%s: cannot be emptied: %s", path, strerror(errno));
}

/* What --repeat left: folders with a number for a name. */
static bool remove_turn(const char *path, const char *name, struct error *error)
{
    char turn[4096];
    int size = snprintf(turn, sizeof turn, "%s/%s", path, name);

    if (size < 0 || (size_t)size >= sizeof turn ||
        name[strspn(name, "0123456789")] != '\0' || !is_ours(turn))
        return error_set(error, "%s/%s: in the way", path, name);
    return empty_folder(turn, error) &&
           (rmdir(turn) == 0 ||
            error_set(error, "%s: %s", turn, strerror(errno)));
}

bool make_run_folder(const char *path, struct error *error)
{
    struct dirent **entries;
    bool good = true;
    int count;

    if (!make_folder(path, error) ||
        (is_ours(path) && !empty_folder(path, error)))
        return false;
    count = scandir(path, &entries, is_entry, alphasort);
    if (count < 0)
        return error_set(error, "%s: %s", path, strerror(errno));
    for (int i = 0; i < count; i++) {
        good = good && remove_turn(path, entries[i]->d_name, error);
        free(entries[i]);
    }
    free(entries);
    return good;
}

bool remove_folder(const char *path, struct error *error)
{
    return empty_folder(path, error) &&
           (rmdir(path) == 0 ||
            error_set(error, "%s: %s", path, strerror(errno)));
}

bool make_default_folder(char *out, size_t size, struct error *error)
{
    static const char base[] = "reports/runs";
    time_t now = time(NULL);
    struct tm broken_down;
    char name[64], link[128];

    localtime_r(&now, &broken_down);
    strftime(name, sizeof name, "%Y-%m-%d-%H%M%S", &broken_down);
    if (!make_folder(base, error))
        return false;
    for (int i = 1; i < 1000; i++) {
        snprintf(out, size, i == 1 ? "%s/%s" : "%s/%s-%d", base, name, i);
        if (mkdir(out, 0777) == 0) {
            snprintf(link, sizeof link, "%s/latest", base);
            unlink(link);
            if (symlink(out + sizeof base, link) != 0)
                link[0] = '\0'; /* a convenience only */
            return true;
        }
        if (errno != EEXIST)
            break;
    }
    return error_set(error, "%s: %s", out, strerror(errno));
}

int lock_folder(const char *path, struct error *error)
{
    int fd;

    if (!make_folder(path, error))
        return -1;
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        error_set(error, "%s: %s", path, strerror(errno));
        return -1;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        error_set(error, "%s: %s", path,
                  errno == EWOULDBLOCK ? "another run is writing there"
                                       : strerror(errno));
        close(fd);
        return -1;
    }
    return fd;
}
