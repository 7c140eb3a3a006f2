/*
 * The first and only process of our own in a Linux microVM: mounts the program and the job read-only, runs the program
 * as nobody, and afterwards writes what it left in /out to the output disk. Source: docs/runtimes.md.
 *
 * It stands on the kernel alone, without a C library: the file is small, the same compiler makes the same bytes of it,
 * and nobody else's licence comes with it. The host trusts the output disk no more than the program: TfsVolume.ts checks
 * everything again. The file `exec` of the job disk holds NUL-terminated fields, in the order in which they are read
 * below; vmDisks.ts writes it.
 */
#include <asm/ioctls.h>
#include <asm/signal.h>
#include <asm/stat.h>
#include <asm/statfs.h>
#include <asm/termbits.h>
#include <asm/unistd.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/prctl.h>
#include <linux/resource.h>
#include <linux/stat.h>
#include <linux/wait.h>
#include <stddef.h>

#define NOBODY 65534
#define SECTOR 512
#define EXIT_PORT 0x501 /* of QEMU's isa-debug-exit */
#define EXIT_DONE 0x10  /* QEMU then exits with (0x10 << 1) | 1 = 33 */
#define EXIT_FAILED 0x11
#define MAX_ENTRIES 16384
#define MAX_PROCESSES 512
#define EEXIST 17
#define EINTR 4

typedef unsigned char u8;
typedef unsigned long u64;

/* ---- The kernel ---- */

static long system_call(long number, long a, long b, long c, long d, long e) {
    long result;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8) : "rcx", "r11", "memory");
    return result;
}

/* Missing arguments are 0. A result below 0 is an error's number, negated. */
#define CALL_5(name, a, b, c, d, e, ...) system_call(__NR_##name, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e))
#define CALL(...) CALL_5(__VA_ARGS__, 0, 0, 0, 0, 0)

/* The compiler calls these by itself. */
void *memcpy(void *to, const void *from, u64 size) {
    for (u64 i = 0; i < size; i++) ((u8 *)to)[i] = ((const u8 *)from)[i];
    return to;
}

void *memset(void *to, int value, u64 size) {
    for (u64 i = 0; i < size; i++) ((u8 *)to)[i] = value;
    return to;
}

/* ---- Text ---- */

static u64 length_of(const char *text) {
    u64 length = 0;
    while (text[length]) length++;
    return length;
}

static int begins(const char *text, const char *with) {
    while (*with) if (*text++ != *with++) return 0;
    return 1;
}

static int same(const char *a, const char *b) { return begins(a, b) && begins(b, a); }

static char *append(char *at, const char *text) {
    u64 length = length_of(text);
    memcpy(at, text, length + 1);
    return at + length;
}

/* Decimal digits, at most 20. */
static char *append_number(char *at, u64 number) {
    char digits[24], *first = digits + sizeof digits - 1;
    *first = 0;
    do *--first = '0' + number % 10; while (number /= 10);
    return append(at, first);
}

static u64 number_of(const char *text) {
    u64 number = 0;
    while (*text >= '0' && *text <= '9') number = number * 10 + (*text++ - '0');
    return number;
}

/* ---- The end ---- */

static int serial = 2;

static void print(const char *text) { CALL(write, serial, text, length_of(text)); }

static void power_off(unsigned code) {
    CALL(ioctl, serial, TCSBRK, 1);
    CALL(ioperm, EXIT_PORT, 4, 1);
    __asm__ volatile("outl %0, %1" : : "a"(code), "d"((unsigned short)EXIT_PORT));
    for (;;) CALL(pause);
}

/* Returns the result of a system call that must not fail. */
static long require(long result, const char *what) {
    char number[24];
    if (result >= 0) return result;
    append_number(number, -result);
    print("init: "), print(what), print(": error "), print(number), print("\n");
    power_off(EXIT_FAILED);
    return 0;
}

/* ---- The system ---- */

static void mount_at(const char *source, const char *target, const char *type, u64 flags, const char *options) {
    CALL(mkdir, target, 0755);
    require(CALL(mount, source, target, type, flags | MS_NOSUID, options), target);
}

static void open_serial(void) {
    struct termios raw;
    serial = CALL(open, "/dev/ttyS0", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (CALL(ioctl, serial, TCGETS, &raw) < 0) return;
    raw.c_iflag = 0;
    raw.c_oflag &= ~OPOST;
    raw.c_lflag = 0;
    CALL(ioctl, serial, TCSETS, &raw);
}

/* The host packed the modules in the order of their dependencies. */
static void load_modules(void) {
    char path[48];
    for (int i = 0;; i++) {
        append(append_number(append(path, "/modules/"), i), ".ko");
        long file = CALL(open, path, O_RDONLY | O_CLOEXEC);
        if (file < 0) return;
        long loaded = CALL(finit_module, file, "", 0);
        require(loaded == -EEXIST ? 0 : loaded, path);
        CALL(close, file);
    }
}

static void wait_a_millisecond(void) {
    long time[2] = {0, 1000000};
    CALL(nanosleep, time, 0);
}

/* Disks are found by their serial number, whatever the order in which the kernel met them. */
static void find_disk(const char *name, char *path) {
    for (int attempt = 0; attempt < 5000; attempt++) {
        for (char letter = 'a'; letter <= 'c'; letter++) {
            char file[] = "/sys/block/vd?/serial", have[32] = "";
            file[13] = letter;
            long disk = CALL(open, file, O_RDONLY | O_CLOEXEC);
            if (disk < 0) continue;
            CALL(read, disk, have, sizeof have - 1);
            CALL(close, disk);
            if (begins(have, name)) {
                append(path, "/dev/vd?")[-1] = letter;
                return;
            }
        }
        wait_a_millisecond();
    }
    require(-1, name);
}

static void make_device(const char *path, unsigned major, unsigned minor) {
    require(CALL(mknod, path, S_IFCHR | 0666, major << 8 | minor), path);
    require(CALL(chmod, path, 0666), path);
}

static void link_to(const char *target, const char *path) { require(CALL(symlink, target, path), path); }

/* The program's root: nothing but the contract's directories. */
static void build_root(const char *program, const char *out_mib, char **links) {
    char options[96], from[192], to[192]; /* names have at most 128 bytes */
    mount_at("root", "/root", "tmpfs", MS_NODEV, "size=64k,mode=755");
    mount_at(program, "/root/app", "erofs", MS_RDONLY | MS_NODEV, 0);
    mount_at("/job/in", "/root/in", 0, MS_BIND, 0);
    append(append_number(append(append(append(options, "size="), out_mib), "m,mode=777,nr_inodes="), MAX_ENTRIES + 1), "");
    mount_at("out", "/root/out", "tmpfs", MS_NODEV, options);
    /* A program made for the file shim finds its task and its inputs in the place where it writes. */
    if (links[0]) mount_at("/root/out", "/root/workspace", 0, MS_BIND, 0);
    for (; *links; links++) {
        append(append(from, "/in/"), *links);
        append(append(to, "/root/out/"), *links);
        link_to(from, to);
    }
    mount_at("proc", "/root/proc", "proc", MS_NODEV | MS_NOEXEC, 0);
    mount_at("dev", "/root/dev", "tmpfs", MS_NOEXEC, "size=64k,mode=755");
    make_device("/root/dev/null", 1, 3);
    make_device("/root/dev/zero", 1, 5);
    make_device("/root/dev/full", 1, 7);
    make_device("/root/dev/random", 1, 8);
    make_device("/root/dev/urandom", 1, 9);
    CALL(mkdir, "/root/dev/shm", 0755);
    link_to("/proc/self/fd", "/root/dev/fd");
    require(CALL(mount, 0, "/root/dev", 0, MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NOEXEC, 0), "read-only /dev");
    /* A dynamic program finds the loader and the libraries that its package ships. */
    link_to("app/lib", "/root/lib");
    link_to("app/lib64", "/root/lib64");
    link_to("app/usr", "/root/usr");
    require(CALL(mount, 0, "/root", 0, MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV, 0), "read-only /");
}

/* ---- The program ---- */

#define MAX_EXEC (4 << 20)
#define MAX_LIST 4096
static char exec_fields[MAX_EXEC + 1];

struct cursor {
    char *at, *end;
};

static char *next(struct cursor *cursor) {
    char *field = cursor->at;
    require(field < cursor->end ? 0 : -1, "exec");
    cursor->at += length_of(field) + 1;
    return field;
}

static void next_list(struct cursor *cursor, char **list) {
    u64 count = number_of(next(cursor));
    require(count < MAX_LIST ? 0 : -1, "too many arguments");
    for (u64 i = 0; i < count; i++) list[i] = next(cursor);
    list[count] = 0;
}

static void limit(int resource, u64 value) {
    u64 both[2] = {value, value};
    require(CALL(setrlimit, resource, both), "limits");
}

static void write_text(const char *path, const char *text) {
    long file = require(CALL(open, path, O_WRONLY | O_CLOEXEC), path);
    require(CALL(write, file, text, length_of(text)), path);
    CALL(close, file);
}

static void become_program(char **argv, char **env) {
    CALL(setsid);
    write_text("/proc/self/oom_score_adj", "1000"); /* when memory runs out, this is what goes */
    long null = require(CALL(open, "/dev/null", O_RDONLY), "/dev/null");
    int out = serial;
    require(CALL(dup2, null, 0), "standard input");
    require(CALL(dup2, out, 1), "standard output");
    require(CALL(dup2, out, 2), "standard error");
    if (null > 2) CALL(close, null);
    require(CALL(chroot, "/root"), "chroot");
    require(CALL(chdir, "/out"), "/out");
    limit(RLIMIT_NPROC, MAX_PROCESSES);
    limit(RLIMIT_NOFILE, 1024);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_MSGQUEUE, 0);
    for (int capability = 0; CALL(prctl, PR_CAPBSET_DROP, capability) == 0; capability++);
    require(CALL(setgroups, 0, 0), "groups");
    require(CALL(setresgid, NOBODY, NOBODY, NOBODY), "group");
    require(CALL(setresuid, NOBODY, NOBODY, NOBODY), "user");
    require(CALL(prctl, PR_SET_NO_NEW_PRIVS, 1), "no_new_privs");
    CALL(umask, 022);
    long error = CALL(execve, argv[0], argv, env);
    char number[24];
    append_number(number, -error);
    print("cannot execute "), print(argv[0]), print(": error "), print(number), print("\n");
    for (;;) CALL(exit_group, 127);
}

/* Answers the program's status as wait(2) gives it; whatever it left behind is gone. */
static int run_program(char **argv, char **env) {
    int status = 0, other = 0;
    long program = require(CALL(fork), "fork");
    if (program == 0) become_program(argv, env);
    while (CALL(wait4, -1, &other, 0, 0) != program);
    status = other;
    CALL(kill, -1, SIGKILL);
    for (long ended = 1; ended > 0 || ended == -EINTR;) ended = CALL(wait4, -1, &other, 0, 0);
    return status;
}

static int out_of_memory(void) {
    static char text[1 << 16];
    long file = CALL(open, "/proc/vmstat", O_RDONLY | O_CLOEXEC), size;
    for (u64 done = 0; (size = CALL(read, file, text + done, sizeof text - 1 - done)) > 0; done += size);
    for (char *line = text; *line; line++) {
        if (begins(line, "\noom_kill ")) return number_of(line + 10) > 0;
    }
    return 0;
}

/* ---- The output disk: a volume as Nanos writes it, see disks/tfs/format.ts ---- */

#define MAX_TREE (12 << 20)
enum { SYMBOL = 0, TUPLE = 1, TEXT = 4 };
enum { RECORD_END = 1, RECORD_TUPLE = 2, RECORD_LINK = 5 };
#define FIRST_FILE_SECTOR 8
#define ENTRY_BYTES 512 /* what one file adds to the tree at most */

static u8 tree[MAX_TREE];
static u64 tree_size;
static u8 block[1 << 20];

static u8 *put_varint(u8 *at, u64 value) {
    int shift = 63;
    while (shift > 0 && value >> shift == 0) shift -= 7;
    for (; shift > 0; shift -= 7) *at++ = 0x80 | (value >> shift & 0x7f);
    *at++ = value & 0x7f;
    return at;
}

/* The first bytes of a value: what it is, and a length whose upper three bits fit into the first byte. */
static u8 *put_header(u8 *at, int type, u64 length) {
    u8 first = 0x80 | type << 4;
    int shift = 0;
    while (length >> shift >= 8) shift += 7;
    *at++ = first | (shift ? 8 : 0) | length >> shift;
    while ((shift -= 7) >= 0) *at++ = (shift ? 0x80 : 0) | (length >> shift & 0x7f);
    return at;
}

static u8 *put_text(u8 *at, int type, const char *text) {
    u64 length = length_of(text);
    at = put_header(at, type, length);
    memcpy(at, text, length);
    return at + length;
}

static u8 *put_number(u8 *at, const char *name, u64 number) {
    char digits[24];
    append_number(digits, number);
    return put_text(put_text(at, SYMBOL, name), TEXT, digits);
}

static u64 sectors_of(u64 size) { return (size + SECTOR - 1) / SECTOR; }

static void write_at(int disk, const void *bytes, u64 size, u64 offset) {
    for (u64 done = 0; done < size;) done += require(CALL(pwrite64, disk, (const u8 *)bytes + done, size - done, offset + done), "the output disk");
}

struct packer {
    int disk, directory;
    u64 sector, capacity; /* the next free sector, and how many there are */
    u64 entries;
};

static void copy_file(struct packer *packer, const char *name, u64 size) {
    long file = require(CALL(openat, packer->directory, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), "opening an output");
    for (u64 done = 0; done < size;) {
        long n = require(CALL(read, file, block, sizeof block), "reading an output");
        require(n ? 0 : -1, "reading an output");
        write_at(packer->disk, block, n, packer->sector * SECTOR + done);
        done += n;
    }
    CALL(close, file);
}

/* Appends a file and its entry. What is no regular file, or finds no room, is an entry without content. */
static int pack(struct packer *packer, const char *name) {
    struct stat info;
    u64 room = (packer->capacity - packer->sector) * SECTOR, needed = tree_size + 2 * ENTRY_BYTES + 4 * SECTOR;
    if (packer->entries >= MAX_ENTRIES || tree_size + ENTRY_BYTES > MAX_TREE || room < needed) return 0;
    u8 *at = put_text(tree + tree_size, SYMBOL, name);
    packer->entries++;
    int regular = CALL(newfstatat, packer->directory, name, &info, AT_SYMLINK_NOFOLLOW) == 0 && (info.st_mode & S_IFMT) == S_IFREG;
    u64 size = info.st_size, sectors = sectors_of(size);
    if (regular && size <= room - needed) {
        copy_file(packer, name, size);
        at = put_number(put_header(at, TUPLE, 2), "filelength", size);
        at = put_header(put_text(at, SYMBOL, "extents"), TUPLE, sectors ? 1 : 0);
        if (sectors) {
            at = put_header(put_text(at, SYMBOL, "0"), TUPLE, 3);
            at = put_number(put_number(put_number(at, "offset", packer->sector), "length", sectors), "allocated", sectors);
        }
        packer->sector += sectors;
    } else {
        at = put_text(put_text(put_header(at, TUPLE, 1), SYMBOL, "kind"), TEXT, regular ? "too large" : "no file");
    }
    tree_size = at - tree;
    return 1;
}

static void pack_all(struct packer *packer) {
    static u8 names[1 << 16];
    struct stat info;
    /* The result comes first: other files must not crowd it out. */
    if (CALL(newfstatat, packer->directory, "result.json", &info, AT_SYMLINK_NOFOLLOW) == 0) pack(packer, "result.json");
    for (long size; (size = CALL(getdents64, packer->directory, names, sizeof names)) > 0;) {
        for (u8 *at = names; at < names + size; at += *(unsigned short *)(at + 16)) {
            const char *name = (const char *)at + 19;
            if (same(name, ".") || same(name, "..") || same(name, "result.json")) continue;
            if (!pack(packer, name)) return;
        }
    }
}

static u8 *put_extension(u8 *at, u64 sectors) {
    memcpy(at, "NVMTFS", 6);
    return put_varint(put_varint(at + 6, 5), sectors);
}

/* Writes the volume: how the program ended, and its files. */
static void write_volume(const char *path, const char *token, int status) {
    struct packer packer = {.sector = FIRST_FILE_SECTOR};
    struct rusage usage;
    struct statfs space;
    static u8 first[SECTOR];
    int oom = out_of_memory();
    int full = CALL(statfs, "/root/out", &space) == 0 && (space.f_bavail == 0 || space.f_ffree == 0);
    CALL(getrusage, RUSAGE_CHILDREN, &usage);
    packer.disk = require(CALL(open, path, O_RDWR | O_CLOEXEC), "the output disk");
    packer.directory = require(CALL(open, "/root/out", O_RDONLY | O_DIRECTORY | O_CLOEXEC), "/out");
    require(CALL(ioctl, packer.disk, BLKGETSIZE64, &packer.capacity), "the output disk");
    packer.capacity /= SECTOR;
    pack_all(&packer);

    u8 head[512], *at = put_text(put_header(head, TUPLE, 2), SYMBOL, "report");
    at = put_text(put_text(put_header(at, TUPLE, 6), SYMBOL, "token"), TEXT, token);
    at = put_number(put_number(put_number(at, "status", status), "oom", oom), "full", full);
    at = put_number(at, "cpu", (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
    at = put_number(at, "peak", usage.ru_maxrss);
    at = put_header(put_text(at, SYMBOL, "children"), TUPLE, packer.entries);
    u64 head_size = at - head, total = head_size + tree_size, sectors = sectors_of(total + SECTOR);

    u8 *record = put_extension(block, sectors);
    *record++ = RECORD_TUPLE;
    record = put_varint(put_varint(record, total), total);
    memcpy(record, head, head_size);
    u64 offset = packer.sector * SECTOR, lead = record + head_size - block;
    write_at(packer.disk, block, lead, offset);
    write_at(packer.disk, tree, tree_size, offset + lead);
    const u8 end = RECORD_END;
    write_at(packer.disk, &end, 1, offset + lead + tree_size);

    at = put_extension(first, 1) + 16; /* the volume's identity stays zero */
    at = (u8 *)append((char *)at, "out") + 1;
    *at++ = RECORD_LINK;
    *put_varint(put_varint(at, packer.sector), sectors) = RECORD_END;
    write_at(packer.disk, first, SECTOR, 0);
    require(CALL(fsync, packer.disk), "the output disk");
}

/* ---- Everything in its order ---- */

__attribute__((used)) static void run(void) {
    static char *argv[MAX_LIST + 1], *env[MAX_LIST + 1], *links[MAX_LIST + 1];
    char program[16], job[16], out[16];
    CALL(umask, 0);
    mount_at("dev", "/dev", "devtmpfs", 0, 0);
    open_serial();
    mount_at("proc", "/proc", "proc", 0, 0);
    mount_at("sys", "/sys", "sysfs", 0, 0);
    load_modules();
    find_disk("program", program);
    find_disk("job", job);
    find_disk("out", out);

    mount_at(job, "/job", "erofs", MS_RDONLY | MS_NODEV, 0);
    struct cursor cursor = {exec_fields, exec_fields};
    long file = require(CALL(open, "/job/exec", O_RDONLY | O_CLOEXEC), "exec");
    for (long size; (size = require(CALL(read, file, cursor.end, exec_fields + MAX_EXEC - cursor.end), "exec")) > 0;) cursor.end += size;
    CALL(close, file);
    const char *token = next(&cursor), *out_mib = next(&cursor);
    next_list(&cursor, argv);
    next_list(&cursor, env);
    next_list(&cursor, links);
    build_root(program, out_mib, links);
    write_text("/proc/sys/user/max_user_namespaces", "0");
    write_text("/proc/sys/kernel/printk", "1");

    print("\n\001start "), print(token), print("\n");
    int status = run_program(argv, env);
    print("\n\001end "), print(token), print("\n");
    write_volume(out, token, status);
    power_off(EXIT_DONE);
}

__attribute__((naked, noreturn)) void _start(void) { __asm__("xor %ebp, %ebp\nand $-16, %rsp\ncall run\nhlt"); }
