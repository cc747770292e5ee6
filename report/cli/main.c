/* main.c - finds the command, parses its arguments, runs it, exits with its code. */
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <unistd.h>

#include "report/cli/args.h"

static atomic_bool cancelled; /* the one piece of state a signal handler may touch */

static void on_signal(int number)
{
    /* The first wish to stop is polite: state is kept. The second is not argued with. */
    if (atomic_exchange(&cancelled, true))
        _exit(128 + number);
}

/* A standard descriptor that came closed would be given to the next file that is opened, and text would be printed into an image.
 * The wrong direction on purpose: what is read or printed there fails, as it would have. */
static void hold_descriptors(void)
{
    for (int fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd)
            _exit(EXH_EXIT_NOT_DONE);
}

static void catch_signals(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    (void)sigemptyset(&action.sa_mask);
    action.sa_flags = SA_RESTART;
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    struct sigaction inherited;
    if (sigaction(SIGHUP, NULL, &inherited) != 0 || inherited.sa_handler != SIG_IGN) /* nohup means it */
        (void)sigaction(SIGHUP, &action, NULL);
    action.sa_handler = SIG_IGN;
    (void)sigaction(SIGPIPE, &action, NULL); /* a closed pipe is an error of write(2), not a sudden death */
    (void)sigaction(SIGXFSZ, &action, NULL); /* and so is a file size limit: EFBIG */
}

static const struct exh_command *command_named(const char *name)
{
    for (size_t i = 0; exh_commands[i] != NULL; i++)
        if (strcmp(exh_commands[i]->name, name) == 0)
            return exh_commands[i];
    return NULL;
}

/* A result that could not be written to stdout was not given. */
static enum exh_exit flush(enum exh_exit code, bool json_only)
{
    if (fflush(stdout) == 0 && ferror(stdout) == 0)
        return code;
    static const char *const words = "the result could not be written to stdout";
    if (json_only)
        exh_progress_line("error", json_pack("{s:s,s:s}", "code", exh_code_name(EXH_IO), "text", words));
    else
        (void)fprintf(stderr, "exhibit: %s\n", words);
    return code == EXH_EXIT_DONE ? EXH_EXIT_NOT_DONE : code;
}

/* Whoever asked for JSON gets it even when the rest makes no sense. */
static bool asks_json(int argc, char **argv)
{
    for (int i = 2; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--json") == 0)
            return true;
    return false;
}

static enum exh_exit run(const struct exh_command *command, int argc, char **argv)
{
    struct exh_args args = {0};
    pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
    struct exh_error err;
    exh_error_clear(&err);
    args.progress.mode = EXH_PROGRESS_NONE; /* until the arguments say otherwise */
    args.watch = (struct exh_watch){.event = exh_progress_event, .context = &args.progress, .cancel = &cancelled, .turn = &turn};
    enum exh_exit code;
    if (!exh_args_parse(&args, command, argc, argv, &err)) {
        args.failed_json = asks_json(argc, argv);
        code = exh_tell_error(&args, &err);
    } else if (exh_arg(&args, "--help") != NULL) {
        exh_help_command(command);
        code = EXH_EXIT_DONE;
    } else if (!exh_progress_open(&args.progress, exh_arg(&args, "--progress"), exh_arg(&args, "--quiet") != NULL)) {
        (void)exh_fail(&err, EXH_USAGE, EXH_NO_OFFSET, "--progress is auto, plain, json or none");
        code = exh_tell_error(&args, &err);
    } else {
        code = command->run(&args);
        exh_progress_break(&args.progress);
    }
    exh_args_close(&args);
    return flush(code, args.progress.json_only);
}

static enum exh_exit no_command(int argc, char **argv)
{
    struct exh_args args = {.failed_json = asks_json(argc, argv)};
    struct exh_error err;
    exh_error_clear(&err);
    args.watch = (struct exh_watch){.event = exh_progress_event, .context = &args.progress, .cancel = &cancelled};
    (void)exh_fail(&err, EXH_USAGE, EXH_NO_OFFSET, "no command '%s'; exhibit --help lists them", argv[1]);
    return exh_tell_error(&args, &err);
}

int main(int argc, char **argv)
{
    (void)setlocale(LC_ALL, "C");
    hold_descriptors();
    catch_signals();
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        exh_help_all();
        return flush(argc < 2 ? EXH_EXIT_USAGE : EXH_EXIT_DONE, false);
    }
    if (strcmp(argv[1], "--version") == 0) {
        (void)printf("exhibit %s\n", EXH_VERSION);
        return flush(EXH_EXIT_DONE, false);
    }
    const struct exh_command *command = command_named(argv[1]);
    if (command == NULL)
        return flush(no_command(argc, argv), false);
    return run(command, argc, argv);
}
