/*
 * The program that the conformance suite runs in every runtime: argv[1] says how to behave or to misbehave.
 * It exits with 99 where the sandbox let it do something it must not.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROOF "proof bytes\n"
#define PROOF_SHA256 "727bc485408ea25e5c37ff952b57dd23bb3cf91e69387a0a65c9740da2d901e3"

static char job[65536], nonce[129];

static void must(int condition, const char *what) {
    if (condition) return;
    printf("BREACH: %s (errno %d)\n", what, errno);
    exit(99);
}

static void read_job(void) {
    FILE *file = fopen("/in/job.json", "r");
    if (!file) exit(98);
    job[fread(job, 1, sizeof job - 1, file)] = 0;
    fclose(file);
    char *at = strstr(job, "\"nonce\":\"");
    if (!at || sscanf(at + 9, "%128[0-9a-f]", nonce) != 1) exit(97);
}

static void write_file(const char *path, const char *text) {
    FILE *file = fopen(path, "w");
    if (!file || fputs(text, file) < 0 || fclose(file)) exit(96);
}

static void result(const char *status, const char *error, const char *files) {
    char text[4096];
    snprintf(text, sizeof text, "{\"schema\":\"gevulot/result@1\",\"nonce\":\"%s\",\"status\":\"%s\",\"error\":\"%s\",\"files\":[%s]}", nonce, status, error, files);
    write_file("/out/result.json", text);
}

static void result_with(const char *name, long long size, const char *sha256) {
    char text[512];
    snprintf(text, sizeof text, "{\"name\":\"%s\",\"size\":%lld,\"sha256\":\"%s\"}", name, size, sha256);
    result("ok", "", text);
}

static void prove(void) {
    write_file("/out/proof", PROOF);
    result_with("proof", sizeof PROOF - 1, PROOF_SHA256);
}

/* Uses up memory and goes on after a refusal: what kills it is the limit. */
static void eat_memory(void) {
    for (;;) {
        char *block = malloc(1 << 20);
        if (block) memset(block, 1, 1 << 20);
    }
}

/* Uses 30 MiB and a good quarter of a second of the processor. */
static void burn(void) {
    char *block = malloc(30 << 20);
    memset(block, 1, 30 << 20);
    while (clock() < CLOCKS_PER_SEC * 6 / 10) block[clock() % (30 << 20)]++;
}

static void fill_disk(void) {
    static char block[1 << 16];
    int file = open("/out/proof", O_CREAT | O_WRONLY, 0644);
    while (write(file, block, sizeof block) > 0);
    printf("stopped by errno %d\n", errno);
    exit(1);
}

static void many_files(void) {
    char path[64];
    for (int i = 0;; i++) {
        snprintf(path, sizeof path, "/out/%d", i);
        int file = open(path, O_CREAT | O_WRONLY, 0644);
        if (file < 0) sleep(1);
        else close(file);
    }
}

static void try_network(void) {
    const char *hosts[] = {"127.0.0.1", "10.0.2.2", "169.254.169.254", "1.1.1.1"};
    for (int i = 0; i < 4; i++) {
        struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(getenv("PORT")))};
        inet_pton(AF_INET, hosts[i], &to.sin_addr);
        int s = socket(AF_INET, SOCK_STREAM, 0);
        must(s < 0 || connect(s, (struct sockaddr *)&to, sizeof to) < 0, hosts[i]);
    }
    /* Names without a file belong to a network namespace. */
    struct sockaddr_un host = {.sun_family = AF_UNIX};
    const char *name = getenv("ABSTRACT");
    memcpy(host.sun_path + 1, name, strlen(name));
    int s = socket(AF_UNIX, SOCK_STREAM, 0);
    must(s < 0 || connect(s, (struct sockaddr *)&host, offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name)) < 0, "a socket of the host");
    struct sockaddr_in any = {.sin_family = AF_INET};
    int raw = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), packet = socket(AF_PACKET, SOCK_RAW, 0);
    must(raw < 0 && packet < 0, "a raw socket");
    int server = socket(AF_INET, SOCK_DGRAM, 0);
    any.sin_port = htons(53);
    inet_pton(AF_INET, "1.1.1.1", &any.sin_addr);
    must(server < 0 || sendto(server, "x", 1, 0, (struct sockaddr *)&any, sizeof any) < 0, "a datagram");
}

/* Calls that bubblewrap's filter refuses, whether or not the rest of the sandbox would have. */
static void try_refused_calls(void) {
    static const struct { int number; const char *name; } calls[] = {
        {SYS_ptrace, "ptrace"}, {SYS_process_vm_readv, "process_vm_readv"}, {SYS_process_vm_writev, "process_vm_writev"}, {SYS_keyctl, "keyctl"},
        {SYS_add_key, "add_key"}, {SYS_bpf, "bpf"}, {SYS_perf_event_open, "perf_event_open"}, {SYS_userfaultfd, "userfaultfd"},
        {SYS_io_uring_setup, "io_uring_setup"}, {SYS_unshare, "unshare"}, {SYS_setns, "setns"}, {SYS_mount, "mount"}, {SYS_umount2, "umount2"},
        {SYS_pivot_root, "pivot_root"}, {SYS_chroot, "chroot"}, {SYS_open_by_handle_at, "open_by_handle_at"}, {SYS_fsopen, "fsopen"},
        {SYS_init_module, "init_module"}, {SYS_kexec_load, "kexec_load"}, {SYS_clock_settime, "clock_settime"}, {SYS_modify_ldt, "modify_ldt"},
        {SYS_syslog, "syslog"}, {SYS_quotactl, "quotactl"}, {SYS_fanotify_init, "fanotify_init"}, {SYS_pidfd_getfd, "pidfd_getfd"}, {SYS_iopl, "iopl"},
    };
    for (unsigned i = 0; i < sizeof calls / sizeof *calls; i++) must(syscall(calls[i].number, 0, 0, 0, 0, 0) == -1 && errno == EPERM, calls[i].name);
    must(socket(AF_INET, SOCK_STREAM, 0) == -1 && errno == EAFNOSUPPORT, "an internet socket");
    must(socket(16, SOCK_RAW, 0) == -1 && errno == EAFNOSUPPORT, "a netlink socket");
    must(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0) == -1 && errno == EPERM, "clone with a user namespace");
    must(syscall(SYS_clone3, 0, 0) == -1 && errno == ENOSYS, "clone3");
    must(ioctl(0, 0x5412, "x") == -1 && errno == EPERM, "typing into the terminal");
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair)) exit(88);
}

/* Names that only a careless host would follow or print. */
static void odd_names(void) {
    char longest[300] = "/out/";
    memset(longest + 5, 'n', 255);
    const char *names[] = {"/out/new\nline", "/out/\x1b[31mred", "/out/..hidden", "/out/\xff\xfe", "/out/result.json ", "/out/-rf", "/out/$(id)", longest};
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        /* Nanos refuses names that are not UTF-8. */
        int file = open(names[i], O_CREAT | O_WRONLY, 0644);
        if (file < 0) printf("name %u: errno %d\n", i, errno);
        else close(file);
    }
    mkdir("/out/sub", 0755);
    write_file("/out/sub/proof", "another");
}

/* The host's time is the first argument of the job. */
static void check_clock(void) {
    long host = 0;
    sscanf(strstr(job, "\"args\":[\"") + 9, "%ld", &host);
    long difference = (long)time(NULL) - host;
    printf("the clock differs by %ld s\n", difference);
    if (labs(difference) > 600) exit(87);
    struct timespec before, after, wait = {0, 50000000};
    clock_gettime(CLOCK_MONOTONIC, &before);
    nanosleep(&wait, NULL);
    clock_gettime(CLOCK_MONOTONIC, &after);
    if ((after.tv_sec - before.tv_sec) * 1000000000LL + after.tv_nsec - before.tv_nsec < 50000000) exit(86);
}

/* Reads a file that is larger than the memory, and sums its words up. */
static void read_large(void) {
    static uint64_t block[1 << 17];
    char text[80];
    uint64_t sum = 0, bytes = 0;
    int file = open("/in/large", O_RDONLY);
    for (ssize_t n; (n = read(file, block, sizeof block)) > 0; bytes += n) for (ssize_t i = 0; i < n / 8; i++) sum += block[i];
    snprintf(text, sizeof text, "%llu bytes, sum %llu\n", (unsigned long long)bytes, (unsigned long long)sum);
    fputs(text, stdout);
}

/* Ten thousand files in the package are read, and as many are written. */
static void ten_thousand_files(void) {
    char path[64], text[16];
    for (int i = 0; i < 10000; i++) {
        snprintf(path, sizeof path, "/app/many/%d/%d", i / 100, i);
        FILE *file = fopen(path, "r");
        if (!file || !fgets(text, sizeof text, file) || atoi(text) != i) exit(85);
        fclose(file);
        snprintf(path, sizeof path, "/out/%d", i);
        write_file(path, text);
    }
}

static void look_around(void) {
    const char *hidden[] = {"/etc/passwd", "/usr/bin/env", "/bin/sh", "/root", "/home", "/boot", "/lib/modules", "/stage", "/var", "/tmp", "/job", "/dev/vda", "/dev/mem", "/dev/kmsg"};
    for (unsigned i = 0; i < sizeof hidden / sizeof *hidden; i++) must(open(hidden[i], O_RDONLY) < 0, hidden[i]);
    const char *read_only[] = {"/x", "/app/x", "/in/x", "/dev/x", "/dev/shm/x", "/proc/sys/kernel/core_pattern", "/app/guest", "/in/job.json"};
    for (unsigned i = 0; i < sizeof read_only / sizeof *read_only; i++) must(open(read_only[i], O_CREAT | O_WRONLY, 0666) < 0, read_only[i]);
    /* A unikernel shows its number of processors in /sys, and nothing else. */
    const char *expected = getenv("UNIKERNEL") ? " . .. app in out proc dev lib lib64 usr sys " : " . .. app in out proc dev lib lib64 usr ";
    DIR *root = opendir("/");
    for (struct dirent *entry; (entry = readdir(root));) {
        char name[300];
        snprintf(name, sizeof name, " %s ", entry->d_name);
        must(strstr(expected, name) != NULL, entry->d_name);
    }
    for (int fd = 3; fd < 256; fd++) must(fd == dirfd(root) || fcntl(fd, F_GETFD) < 0, "an inherited descriptor");
    /* The only user of a unikernel is called root. */
    must(getenv("UNIKERNEL") || (getuid() != 0 && setuid(0) < 0), "root");
    must(mount("none", "/out", "tmpfs", 0, NULL) < 0, "mount");
    must(unshare(CLONE_NEWUSER) < 0, "a user namespace");
    /* Nanos has no modes and takes any for set. */
    must(getenv("UNIKERNEL") || chmod("/app/guest", 0777) < 0, "the mode of a read-only file");
    must(unlink("/in/job.json") < 0 && unlink("/app/guest") < 0 && rename("/in/job.json", "/in/x") < 0, "a change of read-only files");
    must(mkdir("/in/d", 0755) < 0 && symlink("/", "/app/d") < 0 && truncate("/in/job.json", 0) < 0, "a change of read-only directories");
}

/* A package of many files, as conformance.test.ts makes it. */
static void read_package(void) {
    for (int i = 0; i < 300; i++) {
        char path[128], text[16], want[16];
        snprintf(path, sizeof path, "/app/deep/er/%03d-a-name-long-enough-to-need-several-blocks-of-names", i);
        snprintf(want, sizeof want, "%d", i);
        FILE *file = fopen(path, "r");
        if (!file || !fgets(text, sizeof text, file) || strcmp(text, want)) exit(90);
        fclose(file);
    }
    must(access("/app/deep/er/999", F_OK) < 0, "a file that is not there");
}

static void *count(void *counter) {
    for (int i = 0; i < 1000000; i++) __atomic_add_fetch((long *)counter, 1, __ATOMIC_RELAXED);
    return NULL;
}

static void run_threads(void) {
    long counter = 0;
    /* Engines like V8 reserve much more than they may use. */
    if (mmap(NULL, 1 << 30, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) == MAP_FAILED) exit(89);
    pthread_t threads[8];
    for (int i = 0; i < 8; i++) if (pthread_create(&threads[i], NULL, count, &counter)) exit(95);
    for (int i = 0; i < 8; i++) pthread_join(threads[i], NULL);
    if (counter != 8000000) exit(94);
}

/* What provers spend their time on: products in the scalar field of BN254, in Montgomery's form. */
static void *multiply(void *result) {
    static const uint64_t p[4] = {0x43e1f593f0000001, 0x2833e84879b97091, 0xb85045b68181585d, 0x30644e72e131a029};
    uint64_t x[4] = {1, 2, 3, 4};
    for (int count = 0; count < 6000000; count++) {
        uint64_t t[6] = {0};
        for (int i = 0; i < 4; i++) {
            unsigned __int128 sum = 0;
            for (int j = 0; j < 4; j++, sum >>= 64) { sum += t[j] + (unsigned __int128)x[j] * x[i]; t[j] = sum; }
            sum += t[4];
            t[4] = sum;
            t[5] = sum >> 64;
            uint64_t m = t[0] * 0xc2e1f593efffffff;
            sum = (t[0] + (unsigned __int128)m * p[0]) >> 64;
            for (int j = 1; j < 4; j++, sum >>= 64) { sum += t[j] + (unsigned __int128)m * p[j]; t[j - 1] = sum; }
            sum += t[4];
            t[3] = sum;
            t[4] = t[5] + (uint64_t)(sum >> 64);
        }
        memcpy(x, t, sizeof x);
    }
    *(uint64_t *)result = x[0] ^ x[1] ^ x[2] ^ x[3];
    return NULL;
}

/* The same arithmetic on every thread. */
static void work(int count) {
    pthread_t threads[8];
    uint64_t results[8];
    for (int i = 0; i < count; i++) if (pthread_create(&threads[i], NULL, multiply, &results[i])) exit(95);
    for (int i = 0; i < count; i++) pthread_join(threads[i], NULL);
    for (int i = 1; i < count; i++) if (results[i] != results[0]) exit(94);
}

int main(int argc, char **argv) {
    const char *mode = argc > 1 ? argv[1] : "";
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (!strcmp(mode, "work") && getenv("NATIVE")) { work(atoi(argv[2])); return 0; }
    read_job();
    if (!strcmp(mode, "work")) { work(atoi(argv[2])); prove(); }
    else if (!strcmp(mode, "tiny")) prove();
    else if (!strcmp(mode, "ok")) {
        char cwd[64];
        printf("\x1b[31mhello from %s\n", argv[0]);
        fprintf(stderr, "and from stderr\n");
        must(strstr(job, "\"args\":[\"seven\",\"7\"]") && strstr(job, "\"role\":\"prove\"") && strstr(job, "\"workload\":\"0xabc\""), "job.json");
        must(getenv("COLOUR") && !strcmp(getenv("COLOUR"), "deep blue") && !getenv("HOME") && !getenv("USER"), "the environment");
        must(argc == 3 && !strcmp(argv[2], "with space"), "argv");
        must(!strcmp(getcwd(cwd, sizeof cwd), "/out"), "the working directory");
        prove();
    } else if (!strcmp(mode, "copy")) {
        char bytes[4096];
        int in = open("/in/public_inputs", O_RDONLY), out = open(argv[2], O_CREAT | O_WRONLY, 0644);
        for (ssize_t n; (n = read(in, bytes, sizeof bytes)) > 0;) if (write(out, bytes, n) != n) return 93;
        printf("copied with %s\n", argv[3]);
        return atoi(argv[3]);
    } else if (!strcmp(mode, "valid")) result("valid", "", "");
    else if (!strcmp(mode, "invalid")) result("invalid", "the pairing does not hold", "");
    else if (!strcmp(mode, "error")) { result("error", "no such circuit", ""); return 1; }
    else if (!strcmp(mode, "exit")) return 3;
    else if (!strcmp(mode, "code")) return atoi(argv[2]);
    else if (!strcmp(mode, "raise")) { raise(atoi(argv[2])); for (;;) pause(); }
    else if (!strcmp(mode, "segv")) { *(volatile int *)8 = 1; }
    else if (!strcmp(mode, "int80")) { long id = 20; __asm__ volatile("int $0x80" : "+a"(id)); printf("int 0x80 answers %ld\n", id); }
    else if (!strcmp(mode, "ill")) __builtin_trap();
    else if (!strcmp(mode, "say")) { for (int i = 2; i < argc; i++) printf("[%s]\n", argv[i]); for (char **each = environ; *each; each++) printf("{%s}\n", *each); prove(); }
    else if (!strcmp(mode, "refused")) { try_refused_calls(); prove(); }
    else if (!strcmp(mode, "odd-names")) { odd_names(); prove(); }
    else if (!strcmp(mode, "clock")) { check_clock(); prove(); }
    else if (!strcmp(mode, "large")) { read_large(); prove(); }
    else if (!strcmp(mode, "ten-thousand")) { ten_thousand_files(); prove(); }
    else if (!strcmp(mode, "hard-link")) { if (link("/in/job.json", "/out/proof") == 0) result_with("proof", 12, PROOF_SHA256); else return 84; }
    else if (!strcmp(mode, "absolute")) result_with("/in/job.json", 12, PROOF_SHA256);
    else if (!strcmp(mode, "below")) { mkdir("/out/sub", 0755); write_file("/out/sub/proof", PROOF); result_with("sub/proof", 12, PROOF_SHA256); }
    else if (!strcmp(mode, "linked-directory")) { if (symlink("/in", "/out/proof")) return 92; result_with("proof", 12, PROOF_SHA256); }
    else if (!strcmp(mode, "ok-exit")) { prove(); return 3; }
    else if (!strcmp(mode, "abort")) abort();
    else if (!strcmp(mode, "ok-abort")) { prove(); abort(); }
    else if (!strcmp(mode, "hang")) { puts("hanging"); for (;;) pause(); }
    else if (!strcmp(mode, "sleep")) { puts("sleeping"); sleep(atoi(argv[2])); prove(); }
    else if (!strcmp(mode, "spin")) for (;;);
    else if (!strcmp(mode, "flood")) for (;;) puts("a flood of text that never ends, line after line after line");
    else if (!strcmp(mode, "oom")) eat_memory();
    else if (!strcmp(mode, "forkbomb")) for (;;) fork();
    else if (!strcmp(mode, "orphan")) { if (fork() == 0) for (;;) pause(); prove(); }
    else if (!strcmp(mode, "fill")) fill_disk();
    else if (!strcmp(mode, "many-files")) many_files();
    else if (!strcmp(mode, "threads")) { run_threads(); prove(); }
    else if (!strcmp(mode, "burn")) { burn(); prove(); }
    else if (!strcmp(mode, "package")) { read_package(); prove(); }
    else if (!strcmp(mode, "network")) { try_network(); prove(); }
    else if (!strcmp(mode, "look-around")) { look_around(); prove(); }
    else if (!strcmp(mode, "no-result")) write_file("/out/proof", PROOF);
    else if (!strcmp(mode, "no-json")) write_file("/out/result.json", "{\"schema\":");
    else if (!strcmp(mode, "wrong-nonce")) { memset(nonce, '0', strlen(nonce)); prove(); }
    else if (!strcmp(mode, "wrong-role")) result("valid", "", "");
    else if (!strcmp(mode, "long-proof")) {
        static char proof[140001];
        int size = argc > 2 ? atoi(argv[2]) : 2048;
        memset(proof, 'A', size);
        write_file("/out/proof", proof);
        result_with("proof", size, size == 2048 ? "3a34c8dc4aec1554c04e0d0e61179d08362b329029db4632f5f086c37be74caa"
            : size == 40000 ? "923fa761b0be86094d913d636e40466f9eef4d339412998a24a8616379e0c352"
            : "ac4f85d6c8e39a9738a2c84a053e3f419ca70d04a74a3c630926ae50198f6a87");
    }
    else if (!strcmp(mode, "wrong-size")) { write_file("/out/proof", PROOF); result_with("proof", 5, PROOF_SHA256); }
    else if (!strcmp(mode, "wrong-sha256")) { write_file("/out/proof", "proof BYTES\n"); result_with("proof", 12, PROOF_SHA256); }
    else if (!strcmp(mode, "missing")) result_with("proof", 12, PROOF_SHA256);
    else if (!strcmp(mode, "no-proof")) { write_file("/out/other", PROOF); result_with("other", 12, PROOF_SHA256); }
    else if (!strcmp(mode, "traversal")) { write_file("/out/proof", PROOF); result_with("../out/proof", 12, PROOF_SHA256); }
    else if (!strcmp(mode, "link")) { if (symlink("/in/job.json", "/out/proof")) return 92; result_with("proof", 12, PROOF_SHA256); }
    else if (!strcmp(mode, "link-result")) { if (symlink("/in/job.json", "/out/result.json")) return 92; }
    else if (!strcmp(mode, "fifo")) { if (mkfifo("/out/proof", 0644)) return 92; result_with("proof", 0, PROOF_SHA256); }
    else if (!strcmp(mode, "directory")) { if (mkdir("/out/proof", 0755)) return 92; result_with("proof", 0, PROOF_SHA256); }
    else if (!strcmp(mode, "sparse")) {
        int file = open("/out/proof", O_CREAT | O_WRONLY, 0644);
        if (ftruncate(file, 1LL << 40)) return 92;
        result_with("proof", 1LL << 40, PROOF_SHA256);
    } else if (!strcmp(mode, "big-result")) {
        FILE *file = fopen("/out/result.json", "w");
        for (int i = 0; i < 70000; i++) fputc(' ', file);
        fclose(file);
    } else return 91;
    return 0;
}
