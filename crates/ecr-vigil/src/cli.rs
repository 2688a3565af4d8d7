//! The command line: commands, their arguments, and the help.

use clap::{Arg, ArgAction, ArgMatches, Command, ValueEnum, value_parser};
use clap_complete::Shell;

use crate::config::{self, Flags};
use crate::exit::EXIT_CODES;

/// What the command line asks for.
#[derive(Debug)]
pub enum Request {
    /// One pass; `act`: with scans started, or only planned.
    Pass(PassRequest),
    /// The settings as meant.
    ConfigShow(Written),
    /// Whether the settings are right.
    ConfigCheck(Written),
    /// A pass over the ECR in a box, or just the box.
    Demo(DemoRequest),
    /// The service.
    Serve(Written),
    /// As much of it as heeds events.
    Work(Written),
    /// What the memory knows.
    Report(ReportRequest),
    /// How a message would look in a sink.
    Preview(PreviewRequest),
    /// A fresh token for the service.
    Token(TokenRequest),
    /// A completion script.
    Completions(Shell),
    /// The man pages, into this directory.
    Man(std::path::PathBuf),
}

/// Settings as the command line writes them.
#[derive(Debug)]
pub struct Written {
    /// The settings file, if one is named.
    pub file: Option<String>,
    /// The flags.
    pub flags: Flags,
}

/// A request for a pass.
#[derive(Debug)]
pub struct PassRequest {
    /// Whether scans are started.
    pub act: bool,
    /// Images named as arguments.
    pub images: Vec<String>,
    /// A file that names images.
    pub images_file: Option<String>,
    /// The settings.
    pub written: Written,
}

/// A request for the demo.
#[derive(Debug)]
pub struct DemoRequest {
    /// Serve just the simulator, here.
    pub listen: Option<String>,
    /// How many repositories it holds.
    pub repositories: u32,
    /// How many images.
    pub images: u64,
    /// What it is generated from.
    pub seed: u64,
    /// What the images are like.
    pub content: BoxContent,
    /// End after the pass.
    pub once: bool,
    /// The settings of the pass and of the service.
    pub flags: Flags,
}

/// A request for a message as a sink would be sent it.
#[derive(Debug)]
pub struct PreviewRequest {
    /// The sink's name.
    pub sink: String,
    /// The settings.
    pub written: Written,
}

/// A request for a report of what is remembered.
#[derive(Debug)]
pub struct ReportRequest {
    /// Only findings that are new or have become worse.
    pub new: bool,
    /// The settings.
    pub written: Written,
}

/// A request for a token.
#[derive(Debug)]
pub struct TokenRequest {
    /// Who is to have it.
    pub name: String,
    /// What it allows: read or operate.
    pub role: String,
}

/// What the images of the demo are like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BoxContent {
    /// As companies have them: indexes, signatures, charts, old scans.
    Lifelike,
    /// Only images that were never scanned.
    Plain,
}

/// The whole command line.
pub fn command() -> Command {
    Command::new("ecr-vigil")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Keeps every Amazon ECR image that matters scanned, and tells what is new and serious")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .after_help(EXIT_CODES)
        .subcommand(pass("scan", "Start the scans that are due, wait for them, and report the findings"))
        .subcommand(pass(
            "plan",
            "Tell what `scan` would do and why, image by image, without starting anything",
        ))
        .subcommand(
            Command::new("config")
                .about("Look at the settings")
                .subcommand_required(true)
                .arg_required_else_help(true)
                .subcommand(config::all_flags(
                    Command::new("show").about("Show every setting and where it comes from"),
                ))
                .subcommand(config::all_flags(
                    Command::new("check").about("Check the settings; say everything that is wrong"),
                )),
        )
        .subcommand(config::serve_flags(
            Command::new("serve")
                .about("Run day and night: pass over the registries on a schedule, remember, and answer over HTTP")
                .after_help(EXIT_CODES),
        ))
        .subcommand(config::serve_flags(
            Command::new("work")
                .about("Heed events alone, without schedules: beside a service with the same PostgreSQL database, or instead of one")
                .after_help(EXIT_CODES),
        ))
        .subcommand(report())
        .subcommand(demo())
        .subcommand(token())
        .subcommand(
            Command::new("completions")
                .about("Print a completion script for a shell")
                .arg(Arg::new("shell").required(true).value_parser(value_parser!(Shell)).help("The shell")),
        )
        .subcommand(
            Command::new("man").about("Write the man pages").hide(true).arg(
                Arg::new("out")
                    .long("out")
                    .required(true)
                    .value_name("DIR")
                    .value_parser(value_parser!(std::path::PathBuf))
                    .help("Where to"),
            ),
        )
}

fn pass(name: &'static str, about: &'static str) -> Command {
    let images = Arg::new("images").value_name("IMAGE").action(ArgAction::Append).help(
        "Only these: repo, repo:tag, repo@sha256:… or full registry URIs; not filtered by the selection [default: all]",
    );
    let file = Arg::new("images-file")
        .long("images-file")
        .value_name("FILE")
        .help("Only the images that this file names, as a JSON list or line by line; - is standard input");
    config::flags(Command::new(name).about(about).after_help(EXIT_CODES).arg(images).arg(file))
}

fn report() -> Command {
    let new = Arg::new("new")
        .long("new")
        .action(ArgAction::SetTrue)
        .help("Only findings that are new along their tag, or worse than before");
    let command = Command::new("report")
        .about("Report what the memory of a service knows now, without a call to AWS; the service may go on meanwhile")
        .after_help(EXIT_CODES)
        .args_conflicts_with_subcommands(true)
        .subcommand(preview())
        .arg(new);
    config::report_flags(command)
}

fn preview() -> Command {
    let sink = Arg::new("sink").long("sink").value_name("NAME").required(true).help("The sink, by its name");
    let about =
        "Show the last message of a sink as it is sent, or an example if there was none, without sending it";
    config::report_flags(Command::new("preview").about(about).arg(sink))
}

fn demo() -> Command {
    let number = |name: &'static str, default: &'static str, help: &'static str| {
        Arg::new(name)
            .long(name)
            .value_name("N")
            .default_value(default)
            .value_parser(value_parser!(u64).range(..=u64::from(u32::MAX)))
            .help(help)
    };
    let listen = Arg::new("listen")
        .long("listen")
        .value_name("ADDRESS:PORT")
        .help("Serve just the simulator at this address, for any AWS client, until a signal ends it");
    let command = Command::new("demo")
        .about("Try everything without an AWS account: a pass over an ECR in a box, and then the service that remembers it")
        .arg(listen)
        .arg(number("demo-repositories", "12", "Repositories in the box").long("repositories"))
        .arg(number("demo-images", "120", "Images in the box").long("images"))
        .arg(
            Arg::new("profile")
                .long("profile")
                .value_name("KIND")
                .default_value("lifelike")
                .value_parser(value_parser!(BoxContent))
                .help("What the images in the box are like"),
        )
        .arg(number("seed", "7", "What the content is generated from"))
        .arg(
            Arg::new("once")
                .long("once")
                .action(ArgAction::SetTrue)
                .conflicts_with("listen")
                .help("End after the pass, with 0 whatever it finds"),
        );
    config::demo_flags(command)
}

fn token() -> Command {
    let name = Arg::new("name")
        .long("name")
        .value_name("NAME")
        .default_value("me")
        .help("Who is to have it, as it is told in the log");
    let role = Arg::new("role")
        .long("role")
        .value_name("ROLE")
        .default_value("read")
        .value_parser(["read", "operate"])
        .help("What it allows: to look, or to start passes and change things too");
    Command::new("token")
        .about("Make a token for those who ask the service, and its table for the settings file")
        .arg(name)
        .arg(role)
}

impl Request {
    /// Reads the command line. Ends the program itself for `--help`, `--version` and mistakes, as clap does.
    pub fn from_args() -> Self {
        let matches = command().get_matches();
        match matches.subcommand() {
            Some(("scan", matches)) => Self::Pass(PassRequest::from_matches(true, matches)),
            Some(("plan", matches)) => Self::Pass(PassRequest::from_matches(false, matches)),
            Some(("serve", matches)) => Self::Serve(Written::from_matches(matches)),
            Some(("work", matches)) => Self::Work(Written::from_matches(matches)),
            Some(("config", matches)) => match matches.subcommand() {
                Some(("show", matches)) => Self::ConfigShow(Written::from_matches(matches)),
                Some(("check", matches)) => Self::ConfigCheck(Written::from_matches(matches)),
                _ => unreachable!("clap requires show or check"),
            },
            Some(("demo", matches)) => Self::Demo(DemoRequest::from_matches(matches)),
            Some(("report", matches)) => match matches.subcommand() {
                Some((_, matches)) => Self::Preview(PreviewRequest {
                    sink: matches.get_one("sink").cloned().unwrap_or_default(),
                    written: Written::from_matches(matches),
                }),
                None => Self::Report(ReportRequest {
                    new: matches.get_flag("new"),
                    written: Written::from_matches(matches),
                }),
            },
            Some(("token", matches)) => Self::Token(TokenRequest::from_matches(matches)),
            Some(("completions", matches)) => {
                let shell = matches.get_one("shell").copied();
                Self::Completions(shell.unwrap_or_else(|| unreachable!("clap requires a shell")))
            }
            Some(("man", matches)) => {
                let out = matches.get_one("out").cloned();
                Self::Man(out.unwrap_or_else(|| unreachable!("clap requires --out")))
            }
            _ => unreachable!("clap requires a command"),
        }
    }
}

impl Written {
    fn from_matches(matches: &ArgMatches) -> Self {
        Self { file: matches.get_one("config").cloned(), flags: config::given(matches) }
    }
}

impl PassRequest {
    fn from_matches(act: bool, matches: &ArgMatches) -> Self {
        Self {
            act,
            images: matches.get_many("images").map(|images| images.cloned().collect()).unwrap_or_default(),
            images_file: matches.get_one("images-file").cloned(),
            written: Written::from_matches(matches),
        }
    }
}

impl DemoRequest {
    fn from_matches(matches: &ArgMatches) -> Self {
        let number = |name| matches.get_one::<u64>(name).copied().unwrap_or_default();
        Self {
            listen: matches.get_one("listen").cloned(),
            repositories: u32::try_from(number("demo-repositories")).unwrap_or(u32::MAX),
            images: number("demo-images"),
            seed: number("seed"),
            once: matches.get_flag("once"),
            content: matches.get_one("profile").copied().unwrap_or(BoxContent::Lifelike),
            flags: config::given(matches),
        }
    }
}

impl TokenRequest {
    fn from_matches(matches: &ArgMatches) -> Self {
        let text = |name| matches.get_one::<String>(name).cloned().unwrap_or_default();
        Self { name: text("name"), role: text("role") }
    }
}
