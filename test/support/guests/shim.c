/* A program as those for Gevulot's file shim are: it waits for its workspace, reads the task, answers in the workspace. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char task[1 << 16], id[160], mode[64];

static int mounted(void) {
    char line[4096];
    FILE *mounts = fopen("/proc/mounts", "r");
    int found = 0;
    while (mounts && fgets(line, sizeof line, mounts)) found |= strstr(line, "/workspace") != NULL;
    if (mounts) fclose(mounts);
    return found;
}

static void answer(const char *text) {
    /* The shim makes its file anew: one that is there already is an error. */
    int file = open("/workspace/task_result.json", O_WRONLY | O_CREAT | O_EXCL, 0644);
    if (file < 0 || write(file, text, strlen(text)) != (long)strlen(text) || close(file) != 0) exit(90);
}

int main(void) {
    char text[4096], input[64] = "";
    for (int seconds = 0; !mounted(); seconds++) {
        if (seconds == 3) return 91;
        sleep(1);
    }
    FILE *file = fopen("/workspace/task.json", "r");
    if (file == NULL) return 92;
    task[fread(task, 1, sizeof task - 1, file)] = 0;
    printf("task %s\n", task);
    if (sscanf(strstr(task, "\"id\":"), "\"id\":\"%159[^\"]\"", id) != 1) return 93;
    if (sscanf(strstr(task, "\"args\":"), "\"args\":[\"%63[^\"]\"", mode) != 1) return 94;
    file = fopen("/workspace/public_inputs", "r");
    if (file == NULL || fgets(input, sizeof input, file) == NULL) return 95;

    if (strcmp(mode, "prove") == 0) {
        file = fopen("/workspace/made.bin", "w");
        if (file == NULL || fprintf(file, "proof of %s", input) < 0 || fclose(file) != 0) return 96;
        snprintf(text, sizeof text, "{\"Ok\":{\"id\":\"%s\",\"data\":[1,2,255],\"files\":[\"/workspace/made.bin\"]}}", id);
    } else if (strcmp(mode, "judge") == 0) {
        char proof[128] = "", wanted[128];
        file = fopen("/workspace/proof", "r");
        if (file == NULL || fgets(proof, sizeof proof, file) == NULL) return 97;
        snprintf(wanted, sizeof wanted, "proof of %s", input);
        snprintf(text, sizeof text, "{\"Ok\":{\"id\":\"%s\",\"data\":[%d],\"files\":[]}}", id, strcmp(proof, wanted) == 0);
    } else if (strcmp(mode, "fail") == 0) {
        snprintf(text, sizeof text, "{\"Err\":\"no such circuit\"}");
    } else if (strcmp(mode, "other-task") == 0) {
        snprintf(text, sizeof text, "{\"Ok\":{\"id\":\"another\",\"data\":[],\"files\":[\"made.bin\"]}}");
    } else if (strcmp(mode, "input-as-proof") == 0) {
        snprintf(text, sizeof text, "{\"Ok\":{\"id\":\"%s\",\"data\":[],\"files\":[\"public_inputs\"]}}", id);
    } else if (strcmp(mode, "escape") == 0) {
        snprintf(text, sizeof text, "{\"Ok\":{\"id\":\"%s\",\"data\":[],\"files\":[\"/workspace/../in/job.json\"]}}", id);
    } else if (strcmp(mode, "silent") == 0) {
        return 0;
    } else {
        snprintf(text, sizeof text, "{\"Ok\":{\"id\":\"%s\",\"data\":[256],\"files\":[]}}", id);
    }
    answer(text);
    return strcmp(mode, "fail-after") == 0 ? 3 : 0;
}
