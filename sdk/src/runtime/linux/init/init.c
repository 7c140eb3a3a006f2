/*
 * The first and only process of our own in a Linux microVM: mounts the program and the job read-only, runs the program
 * as nobody, and afterwards writes what it left in /out to the output disk. Source: docs/program-contract.md.
 *
 * The host trusts the output disk no more than the program: everything written here is checked again by OutputDisk.ts,
 * which also documents the format. The file `exec` of the job disk holds NUL-terminated fields, in the order in which
 * they are read below; jobDisk.ts writes it.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/fs.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define NOBODY 65534
#define SECTOR 512
#define EXIT_PORT 0x501 /* of QEMU's isa-debug-exit */
#define EXIT_DONE 0x10  /* QEMU then exits with (0x10 << 1) | 1 = 33 */
#define EXIT_FAILED 0x11
#define MAX_ENTRIES 1024
#define MAX_PROCESSES 512

enum { KIND_FILE = 1, KIND_OTHER = 2, KIND_TOO_LARGE = 3 };

struct header {
    char magic[8];
    char token[32];
    int32_t status; /* as wait(2) gives it */
    uint32_t oom, full, entries;
    uint64_t cpu_microseconds, peak_kib;
};

struct entry {
    uint32_t magic, kind;
    uint64_t size;
    uint32_t name_length;
    char name[256];
};

static int serial = 2;

static void power_off(int code) {
    tcdrain(serial);
    ioperm(EXIT_PORT, 4, 1);
    outl(code, EXIT_PORT);
    for (;;) pause();
}

static void require(int condition, const char *what) {
    if (condition) return;
    dprintf(serial, "init: %s: %s\n", what, strerror(errno));
    power_off(EXIT_FAILED);
}

static void mount_at(const char *source, const char *target, const char *type, unsigned long flags, const char *options) {
    mkdir(target, 0755);
    require(mount(source, target, type, flags | MS_NOSUID, options) == 0, target);
}

static void open_serial(void) {
    struct termios raw;
    serial = open("/dev/ttyS0", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (tcgetattr(serial, &raw) == 0) {
        cfmakeraw(&raw);
        tcsetattr(serial, TCSANOW, &raw);
    }
}

/* The host packed the modules in the order of their dependencies. */
static void load_modules(void) {
    char path[32];
    for (int i = 0;; i++) {
        snprintf(path, sizeof path, "/modules/%d.ko", i);
        int file = open(path, O_RDONLY | O_CLOEXEC);
        if (file < 0) return;
        require(syscall(SYS_finit_module, file, "", 0) == 0 || errno == EEXIST, path);
        close(file);
    }
}

/* Disks are found by their serial number, whatever the order in which the kernel met them. */
static void find_disk(const char *name, char *path) {
    for (int attempt = 0; attempt < 5000; attempt++) {
        for (char letter = 'a'; letter <= 'c'; letter++) {
            char file[64], have[32] = "";
            snprintf(file, sizeof file, "/sys/block/vd%c/serial", letter);
            int fd = open(file, O_RDONLY | O_CLOEXEC);
            if (fd < 0) continue;
            if (read(fd, have, sizeof have - 1) < 0) have[0] = 0;
            close(fd);
            if (strncmp(have, name, strlen(name)) == 0) {
                sprintf(path, "/dev/vd%c", letter);
                return;
            }
        }
        usleep(1000);
    }
    require(0, name);
}

static void make_device(const char *path, int major, int minor) {
    require(mknod(path, S_IFCHR | 0666, makedev(major, minor)) == 0 && chmod(path, 0666) == 0, path);
}

/* The program's root: nothing but the contract's directories. */
static void build_root(const char *program, const char *job, const char *out_mib) {
    char options[96];
    umask(0);
    mount_at("root", "/root", "tmpfs", MS_NODEV, "size=64k,mode=755");
    mount_at(program, "/root/app", "erofs", MS_RDONLY | MS_NODEV, NULL);
    mount_at(job, "/job", "erofs", MS_RDONLY | MS_NODEV, NULL);
    mount_at("/job/in", "/root/in", NULL, MS_BIND, NULL);
    snprintf(options, sizeof options, "size=%sm,nr_inodes=%d,mode=777", out_mib, MAX_ENTRIES);
    mount_at("out", "/root/out", "tmpfs", MS_NODEV, options);
    mount_at("proc", "/root/proc", "proc", MS_NODEV | MS_NOEXEC, NULL);
    mount_at("dev", "/root/dev", "tmpfs", MS_NOEXEC, "size=64k,mode=755");
    make_device("/root/dev/null", 1, 3);
    make_device("/root/dev/zero", 1, 5);
    make_device("/root/dev/full", 1, 7);
    make_device("/root/dev/random", 1, 8);
    make_device("/root/dev/urandom", 1, 9);
    mkdir("/root/dev/shm", 0755);
    require(symlink("/proc/self/fd", "/root/dev/fd") == 0, "/dev/fd");
    require(mount(NULL, "/root/dev", NULL, MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NOEXEC, NULL) == 0, "read-only /dev");
    /* A dynamic program finds the loader and the libraries that its package ships. */
    require(symlink("app/lib", "/root/lib") == 0 && symlink("app/lib64", "/root/lib64") == 0 && symlink("app/usr", "/root/usr") == 0, "links");
    require(mount(NULL, "/root", NULL, MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV, NULL) == 0, "read-only /");
}

static char *read_whole(const char *path, char **end) {
    struct stat info;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    require(file >= 0 && fstat(file, &info) == 0, path);
    char *bytes = malloc(info.st_size + 1);
    for (off_t done = 0; done < info.st_size;) {
        ssize_t n = read(file, bytes + done, info.st_size - done);
        require(n > 0, path);
        done += n;
    }
    close(file);
    *end = bytes + info.st_size;
    **end = 0;
    return bytes;
}

static char *next(char **at, char *end) {
    char *field = *at;
    require(field < end, "exec");
    *at += strlen(field) + 1;
    return field;
}

static char **next_list(char **at, char *end) {
    int count = atoi(next(at, end));
    char **list = calloc(count + 1, sizeof *list);
    for (int i = 0; i < count; i++) list[i] = next(at, end);
    return list;
}

static void limit(int resource, rlim_t value) {
    struct rlimit both = {value, value};
    require(setrlimit(resource, &both) == 0, "limits");
}

static void write_text(const char *path, const char *text) {
    int file = open(path, O_WRONLY | O_CLOEXEC);
    require(file >= 0 && write(file, text, strlen(text)) >= 0, path);
    close(file);
}

static void become_program(char **argv, char **env) {
    setsid();
    write_text("/proc/self/oom_score_adj", "1000"); /* when memory runs out, this is what goes */
    int null = open("/dev/null", O_RDONLY);
    require(dup2(null, 0) == 0 && dup2(serial, 1) == 1 && dup2(serial, 2) == 2, "standard descriptors");
    if (null > 2) close(null);
    require(chroot("/root") == 0 && chdir("/out") == 0, "chroot");
    limit(RLIMIT_NPROC, MAX_PROCESSES);
    limit(RLIMIT_NOFILE, 1024);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_MSGQUEUE, 0);
    for (int capability = 0; prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0; capability++);
    require(setgroups(0, NULL) == 0 && setresgid(NOBODY, NOBODY, NOBODY) == 0 && setresuid(NOBODY, NOBODY, NOBODY) == 0, "uid");
    require(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "no_new_privs");
    umask(022);
    execve(argv[0], argv, env);
    dprintf(serial, "cannot execute %s: %s\n", argv[0], strerror(errno));
    _exit(127);
}

static int run_program(char **argv, char **env) {
    int status = 0, other;
    pid_t program = fork();
    require(program >= 0, "fork");
    if (program == 0) become_program(argv, env);
    while (waitpid(-1, &other, 0) != program || !(WIFEXITED(other) || WIFSIGNALED(other)));
    status = other;
    kill(-1, SIGKILL);
    while (waitpid(-1, &other, 0) > 0 || errno == EINTR);
    return status;
}

static int out_of_memory(void) {
    char line[128];
    unsigned long kills = 0;
    FILE *file = fopen("/proc/vmstat", "re");
    while (file && fgets(line, sizeof line, file)) if (sscanf(line, "oom_kill %lu", &kills) == 1) break;
    if (file) fclose(file);
    return kills > 0;
}

static uint64_t whole_sectors(uint64_t size) { return (size + SECTOR - 1) / SECTOR * SECTOR; }

static void write_at(int disk, const void *bytes, size_t size, uint64_t offset) {
    for (size_t done = 0; done < size;) {
        ssize_t n = pwrite(disk, (const char *)bytes + done, size - done, offset + done);
        require(n > 0, "the output disk");
        done += n;
    }
}

/* Appends one file to the output disk; a file that does not fit is only mentioned. */
static uint64_t pack(int disk, uint64_t offset, uint64_t capacity, int directory, const char *name) {
    static char block[1 << 16];
    struct stat info;
    struct entry entry = {.magic = 0x59544e45, .kind = KIND_OTHER, .name_length = strlen(name)};
    memcpy(entry.name, name, entry.name_length);
    if (fstatat(directory, name, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(info.st_mode)) {
        entry.size = info.st_size;
        entry.kind = entry.size <= capacity - offset - SECTOR ? KIND_FILE : KIND_TOO_LARGE;
    }
    memset(block, 0, SECTOR);
    memcpy(block, &entry, sizeof entry);
    write_at(disk, block, SECTOR, offset);
    offset += SECTOR;
    if (entry.kind != KIND_FILE) return offset;
    int file = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    for (uint64_t done = 0; done < entry.size;) {
        ssize_t n = read(file, block, sizeof block);
        require(n > 0, "reading an output");
        write_at(disk, block, n, offset + done);
        done += n;
    }
    close(file);
    return offset + whole_sectors(entry.size);
}

static uint32_t pack_all(int disk, uint64_t capacity) {
    uint32_t entries = 0;
    uint64_t offset = SECTOR;
    int directory = open("/root/out", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    /* The result comes first: other files must not crowd it out. */
    if (faccessat(directory, "result.json", F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
        offset = pack(disk, offset, capacity, directory, "result.json");
        entries++;
    }
    DIR *list = fdopendir(directory);
    for (struct dirent *each; (each = readdir(list));) {
        const char *name = each->d_name;
        if (!strcmp(name, ".") || !strcmp(name, "..") || !strcmp(name, "result.json")) continue;
        if (entries >= MAX_ENTRIES || offset + SECTOR > capacity) break;
        offset = pack(disk, offset, capacity, directory, name);
        entries++;
    }
    closedir(list);
    return entries;
}

int main(void) {
    char program[16], job[16], out[16], *end;
    mount_at("dev", "/dev", "devtmpfs", 0, NULL);
    open_serial();
    mount_at("proc", "/proc", "proc", 0, NULL);
    mount_at("sys", "/sys", "sysfs", 0, NULL);
    load_modules();
    find_disk("program", program);
    find_disk("job", job);
    find_disk("out", out);

    mkdir("/job", 0700);
    require(mount(job, "/job", "erofs", MS_RDONLY, NULL) == 0, "the job disk");
    char *at = read_whole("/job/exec", &end);
    const char *token = next(&at, end);
    const char *out_mib = next(&at, end);
    char **argv = next_list(&at, end);
    char **env = next_list(&at, end);
    require(umount("/job") == 0, "the job disk");
    build_root(program, job, out_mib);
    write_text("/proc/sys/user/max_user_namespaces", "0");
    write_text("/proc/sys/kernel/printk", "1");

    dprintf(serial, "\n\001start %s\n", token);
    int status = run_program(argv, env);
    dprintf(serial, "\n\001end %s\n", token);

    struct rusage usage;
    struct statvfs space;
    struct header header = {.magic = "GVLTOUT1", .status = status, .oom = out_of_memory()};
    uint64_t capacity = 0;
    char sector[SECTOR] = {0};
    getrusage(RUSAGE_CHILDREN, &usage);
    header.cpu_microseconds = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000ull + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
    header.peak_kib = usage.ru_maxrss;
    header.full = statvfs("/root/out", &space) == 0 && (space.f_bavail == 0 || space.f_ffree == 0);
    memcpy(header.token, token, strnlen(token, sizeof header.token));
    int disk = open(out, O_RDWR | O_CLOEXEC);
    require(disk >= 0 && ioctl(disk, BLKGETSIZE64, &capacity) == 0, "the output disk");
    header.entries = pack_all(disk, capacity);
    memcpy(sector, &header, sizeof header);
    write_at(disk, sector, SECTOR, 0);
    require(fsync(disk) == 0, "the output disk");
    power_off(EXIT_DONE);
}
