//! Kamailio as a redirecting server, with the same prefixes in its own tables (db_text).

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::process::Process;
use crate::server::Server;
use crate::{Failure, PREFIXES, prefix};

/// How it looks a prefix up.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Module {
    Mtree,
    Pdt,
    Drouting,
}

impl Module {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Mtree => "kamailio mtree",
            Self::Pdt => "kamailio pdt",
            Self::Drouting => "kamailio drouting",
        }
    }

    fn tables(self) -> Vec<(&'static str, String, u32)> {
        let rows = |head: &str, row: &dyn Fn(u32) -> String| {
            let mut text = format!("{head}\n");
            for n in 0..PREFIXES {
                text.push_str(&row(n));
                text.push('\n');
            }
            text
        };
        let bare = |n: u32| prefix(n).trim_start_matches('+').to_owned();
        match self {
            Self::Mtree => {
                let head = "id(int,auto) tprefix(string) tvalue(string)";
                let row = |n| format!("{}:{}:sip\\:gw{n}@192.0.2.1", n + 1, bare(n));
                vec![("mtree", rows(head, &row), 1)]
            }
            Self::Pdt => {
                let head = "id(int,auto) sdomain(string) prefix(string) domain(string)";
                let row = |n| format!("{}:*:{}:gw{n}.example", n + 1, bare(n));
                vec![("pdt", rows(head, &row), 1)]
            }
            Self::Drouting => {
                let head = "ruleid(int,auto) groupid(string) prefix(string) timerec(string) \
                            priority(int) routeid(string) gwlist(string) description(string)";
                // db_text takes an empty text for none, which drouting refuses: hence a date long ago.
                let row = |n| format!("{}:0:{}:20000101T000000:1:0:1:x", n + 1, bare(n));
                let gateways = "gwid(int,auto) type(int) address(string) strip(int) \
                                pri_prefix(string,null) attrs(string,null) description(string)\n\
                                1:1:192.0.2.1:0:::x\n";
                let lists = "id(int,auto) gwlist(string) description(string)\n";
                let groups = "id(int,auto) username(string) domain(string) groupid(int) description(string)\n";
                vec![
                    ("dr_rules", rows(head, &row), 3),
                    ("dr_gateways", gateways.to_owned(), 3),
                    ("dr_gw_lists", lists.to_owned(), 1),
                    ("dr_groups", groups.to_owned(), 2),
                ]
            }
        }
    }

    fn config(self, folder: &Path) -> String {
        let db = format!("text://{}", folder.display());
        match self {
            Self::Mtree => format!(
                "loadmodule \"mtree.so\"\nmodparam(\"mtree\", \"db_url\", \"{db}\")\n\
                 modparam(\"mtree\", \"mtree\", \"name=t;dbtable=mtree\")\n\
                 modparam(\"mtree\", \"char_list\", \"0123456789\")\n\
                 modparam(\"mtree\", \"pv_value\", \"$var(v)\")\n\
                 request_route {{\n{HEAD}  $var(n) = $(rU{{s.substr,1,0}});\n\
                 if (!mt_match(\"t\", \"$var(n)\", \"0\")) {{ sl_send_reply(\"404\", \"No\"); exit; }}\n\
                 $ru = $var(v);\n{TAIL}}}\n"
            ),
            Self::Pdt => format!(
                "loadmodule \"pdt.so\"\nmodparam(\"pdt\", \"db_url\", \"{db}\")\n\
                 modparam(\"pdt\", \"char_list\", \"0123456789\")\n\
                 request_route {{\n{HEAD}  $rU = $(rU{{s.substr,1,0}});\n\
                 if (!prefix2domain(\"0\", \"0\")) {{ sl_send_reply(\"404\", \"No\"); exit; }}\n{TAIL}}}\n"
            ),
            Self::Drouting => format!(
                "loadmodule \"drouting.so\"\nmodparam(\"drouting\", \"db_url\", \"{db}\")\n\
                 request_route {{\n{HEAD}  $rU = $(rU{{s.substr,1,0}});\n\
                 if (!do_routing(\"0\")) {{ sl_send_reply(\"404\", \"No\"); exit; }}\n{TAIL}}}\n"
            ),
        }
    }
}

const HEAD: &str = "  if (is_method(\"ACK\")) exit;\n  if (!is_method(\"INVITE\")) { sl_send_reply(\"405\", \"No\"); exit; }\n";
const TAIL: &str = "  sl_send_reply(\"302\", \"Moved Temporarily\");\n  exit;\n";

/// Whether it is installed.
pub(crate) fn is_here() -> bool {
    let there = Command::new("kamailio")
        .arg("-v")
        .stdout(Stdio::null())
        .status();
    there.is_ok_and(|status| status.success())
}

/// Starts one with one child that serves.
pub(crate) fn start(module: Module, addr: SocketAddr) -> Result<Server, Failure> {
    let folder = std::env::temp_dir().join(format!(
        "callroute-{}-{}",
        module.name().replace(' ', "-"),
        std::process::id()
    ));
    std::fs::create_dir_all(&folder)?;
    let mut versions = String::from("table_name(string) table_version(int)\n");
    for (name, text, version) in module.tables() {
        std::fs::write(folder.join(name), text)?;
        writeln!(versions, "{name}:{version}")?;
    }
    std::fs::write(folder.join("version"), versions)?;
    let config = format!(
        "#!KAMAILIO\ndebug=0\nlog_stderror=yes\nchildren=1\ndisable_tcp=yes\nlisten=udp:{addr}\n\
         mpath=\"/usr/lib/x86_64-linux-gnu/kamailio/modules/\"\n\
         loadmodule \"tm.so\"\nloadmodule \"sl.so\"\nloadmodule \"pv.so\"\nloadmodule \"textops.so\"\n\
         loadmodule \"db_text.so\"\nloadmodule \"rr.so\"\n{}",
        module.config(&folder)
    );
    let path = folder.join("kamailio.cfg");
    std::fs::write(&path, config)?;
    let log = std::fs::File::create(folder.join("log"))?;
    let process = Process::run(
        Command::new("kamailio")
            .args(["-DD", "-m", "1024", "-M", "1024", "-f"])
            .arg(&path)
            .arg("-w")
            .arg(&folder)
            .stderr(log),
    )?;
    Ok(Server::other(process, addr, folder))
}
