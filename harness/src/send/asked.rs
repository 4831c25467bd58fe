//! What was asked for, checked before anything is played: targets that may be loaded, a rate that may be sent, the plan that makes it.
//!
//! Owns what the arguments mean. Refuses to open a connection.

use super::condition::{self, Condition, Lasting};
use super::replay::Replay;
use super::share::SentShare;
use super::{from, truth};
use crate::cli::{CompressionName, ProtocolName, SendArgs, SignalName, Speed};
use crate::deliver::{Compression, Endpoint, Header, Protocol, Settings, Tls};
use crate::failure::Failure;
use doorbuster_model::compile::compile;
use doorbuster_model::plan::{Arrivals, Plan};
use doorbuster_scenarios::{Loaded, Source, load};
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Requests that may wait in a line: what comes due within the lead, and a second or so of a target that stalls. Chosen.
pub(crate) const BUFFER_BODIES: usize = 768;

/// The longest wait for `--start-at`, in seconds: milliseconds given for seconds lie beyond it. Chosen.
const MOST_WAIT_S: u64 = 24 * 3600;

/// What is going to be sent.
pub(crate) struct Asked {
    /// The scenario.
    pub(crate) loaded: Loaded,
    /// Its plan, at the rate and for the time that were asked for.
    pub(crate) plan: Plan,
    /// Cells of the whole stream.
    pub(crate) cells: u32,
    /// Those that this process sends.
    pub(crate) share: SentShare,
    /// Threads to play them on.
    pub(crate) threads: usize,
    /// How it is replayed, if it is: then the plan is of what is simulated once.
    pub(crate) replay: Option<Replay>,
    /// Highest rate of shoppers' requests that these cells make, per second of the wall clock; `None` for a closed loop or full speed.
    pub(crate) peak_per_s: Option<f64>,
    /// Second of the scenario from which on it is sent.
    pub(crate) from_s: u32,
    /// What stops it.
    pub(crate) abort_if: Vec<Lasting>,
    /// What has to hold in the end.
    pub(crate) expect: Vec<Condition>,
    /// Where what truly happened is written, if it is.
    pub(crate) truth: Option<PathBuf>,
    /// Attributes that mark every resource.
    pub(crate) marks: Vec<(String, String)>,
    /// Where to, and how.
    pub(crate) transport: Settings,
}

/// A mistake in an argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mistake {
    /// What is wrong.
    pub(crate) message: String,
    /// What would be right.
    pub(crate) help: String,
}

impl Mistake {
    /// A mistake and its cure.
    pub(crate) fn new(message: String, help: &str) -> Self {
        Self { message, help: help.to_owned() }
    }
}

impl Asked {
    /// Checks the arguments.
    ///
    /// # Errors
    /// When a target may not be loaded, or the scenario cannot be played as asked.
    pub(crate) fn new(args: &SendArgs) -> Result<Self, Failure> {
        let transport = transport(args)?;
        for endpoint in &transport.endpoints {
            may_be_loaded(endpoint, &args.yes_load)?;
        }
        args.start_at.map_or(Ok(()), |start_at| is_ahead(start_at, SystemTime::now()))?;
        let (from, abort_if, expect) = wishes(args)?;
        let truth = args.truth.clone().or_else(|| args.blind.then(|| PathBuf::from("truth.json")));
        if let Some(truth) = truth.as_deref().filter(|_| !args.dry_run) {
            truth::may_be_written(truth)?;
        }
        if args.replay.is_some() && args.signals.contains(&SignalName::Metrics) {
            return Err(Failure::Argument {
                message: "a replay has no metrics: it repeats spans and what was logged".to_owned(),
                help: "leave --signals out, or say --signals traces,logs".to_owned(),
            });
        }
        let loaded = load(&Source::from_arg(&args.scenario), &args.set).map_err(Failure::Input)?;
        let mut plan = compile(&loaded.name, &loaded.scenario, args.simulation.seed);
        let cells = cells(args, &loaded)?;
        let share = SentShare::new(args, &loaded, &plan, cells)?;
        let replay = args.replay.map(|length| Replay::new(length, args.length, &plan)).transpose()?;
        let fault_s = loaded.scenario.faults.values().map(|fault| fault.at.s() as u32).min();
        let from_s = from.map_or(Ok(0), |from| from.second(fault_s, plan.duration_s, args.length.is_some()));
        let from_s = from_s.map_err(|mistake| told(vec![mistake]))?;
        if let Some(replay) = &replay {
            plan.duration_s = replay.simulated_s();
        } else if let Some(length) = args.length {
            plan.duration_s = from_s.saturating_add(whole_seconds("--for", length.ns)?);
        }
        if let Some(rate) = args.rate {
            set_rate(&mut plan, rate.per_s)?;
        }
        let peak_per_s = peak_per_s(&plan, from_s, cells, args.speed);
        if let Some(peak_per_s) = peak_per_s.filter(|peak_per_s| *peak_per_s > args.ceiling.per_s) {
            return Err(Failure::Argument {
                message: format!("{peak_per_s:.0} requests/s are above the ceiling of {:.0}", args.ceiling.per_s),
                help: "lower --rate, --speed or --cells, or say --ceiling with what the target may be given".to_owned(),
            });
        }
        let marks = args.resource.iter().map(|mark| mark_of(mark)).collect::<Result<_, _>>()?;
        let threads = args.simulation.threads.map_or_else(crate::run::threads, usize::from);
        let transport = Settings { lines: threads.min(share.len() as usize), ..transport };
        Ok(Self {
            loaded,
            plan,
            cells,
            share,
            threads,
            replay,
            peak_per_s,
            from_s,
            abort_if,
            expect,
            truth,
            marks,
            transport,
        })
    }
}

/// What `--from`, `--abort-if` and `--expect` say, or all that is wrong with them.
type Wishes = (Option<from::From>, Vec<Lasting>, Vec<Condition>);

fn wishes(args: &SendArgs) -> Result<Wishes, Failure> {
    let mut mistakes = Vec::new();
    let from = args.from.as_ref().and_then(|text| kept(from::parse(text), &mut mistakes));
    let abort_if = args.abort_if.iter().filter_map(|text| kept(Lasting::parse(text), &mut mistakes)).collect();
    let expect = args.expect.iter().filter_map(|text| kept(condition::expected(text), &mut mistakes)).collect();
    if mistakes.is_empty() { Ok((from, abort_if, expect)) } else { Err(told(mistakes)) }
}

fn kept<T>(parsed: Result<T, Mistake>, mistakes: &mut Vec<Mistake>) -> Option<T> {
    parsed.map_err(|mistake| mistakes.push(mistake)).ok()
}

/// All mistakes as one failure, each told with its own cure.
fn told(mut mistakes: Vec<Mistake>) -> Failure {
    let last = mistakes.pop().expect("invariant: there is a mistake");
    let before: String =
        mistakes.iter().map(|mistake| format!("{}\n   = help: {}\nerror: ", mistake.message, mistake.help)).collect();
    Failure::Argument { message: format!("{before}{}", last.message), help: last.help }
}

/// Where to and how, without the number of lines.
fn transport(args: &SendArgs) -> Result<Settings, Failure> {
    let protocol = Protocol::from(args.protocol);
    let endpoints = args.to.iter().map(|url| Endpoint::parse(url, protocol)).collect::<Result<_, _>>()?;
    Ok(Settings {
        compression: args.compression.into(),
        headers: args
            .header
            .iter()
            .map(|header| Header::parse(header, |name| std::env::var(name).ok()))
            .collect::<Result<_, _>>()?,
        tls: Tls {
            ca: args.ca.clone(),
            identity: args.cert.clone().zip(args.key.clone()),
            server_name: args.server_name.clone(),
        },
        timeout: Duration::from_nanos(args.timeout.ns),
        retry_window: Duration::from_nanos(args.retry_for.ns),
        buffer_bodies: BUFFER_BODIES,
        seed: args.simulation.seed,
        ..Settings::new(protocol, endpoints)
    })
}

impl From<ProtocolName> for Protocol {
    fn from(name: ProtocolName) -> Self {
        match name {
            ProtocolName::Grpc => Self::Grpc,
            ProtocolName::Http => Self::Http,
        }
    }
}

impl From<CompressionName> for Compression {
    fn from(name: CompressionName) -> Self {
        match name {
            CompressionName::None => Self::None,
            CompressionName::Gzip => Self::Gzip,
            CompressionName::Zstd => Self::Zstd,
        }
    }
}

/// A host of this machine, or one that the user promised may be loaded.
fn may_be_loaded(endpoint: &Endpoint, promised: &[String]) -> Result<(), Failure> {
    let host = endpoint.host();
    if endpoint.is_loopback() || promised.iter().any(|name| name.eq_ignore_ascii_case(host)) {
        return Ok(());
    }
    Err(Failure::Argument {
        message: format!("`{host}` is not this machine, and nobody said that it may be loaded"),
        help: format!("if it is yours and may be loaded, say so: --yes-load {host}"),
    })
}

/// Whether a time to begin at is one that can be waited for.
fn is_ahead(start_at: u64, now: SystemTime) -> Result<(), Failure> {
    let now_s = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let cause = if start_at < now_s {
        format!("{} s in the past", now_s - start_at)
    } else if start_at - now_s > MOST_WAIT_S {
        format!("{} s ahead, more than a day", start_at - now_s)
    } else {
        return Ok(());
    };
    Err(Failure::Argument {
        message: format!("`--start-at {start_at}` lies {cause}"),
        help: "give seconds since 1970, soon: --start-at $(($(date +%s) + 60))".to_owned(),
    })
}

fn cells(args: &SendArgs, loaded: &Loaded) -> Result<u32, Failure> {
    let fleet = loaded.scenario.cells.fleet.count as u32;
    match args.cells {
        Some(cells) if cells > fleet => Err(Failure::Argument {
            message: format!("`--cells {cells}` is more than the fleet's {fleet}"),
            help: format!("play at most {fleet} cells, or change the fleet: --set cells.fleet={cells}"),
        }),
        Some(cells) => Ok(cells),
        None => Ok(fleet),
    }
}

/// The seconds that an option says.
pub(super) fn whole_seconds(option: &str, ns: u64) -> Result<u32, Failure> {
    let whole = (ns > 0 && ns.is_multiple_of(1_000_000_000)).then_some(ns / 1_000_000_000);
    whole.and_then(|seconds| u32::try_from(seconds).ok()).ok_or_else(|| Failure::Argument {
        message: format!("`{option}` takes whole seconds"),
        help: format!("say {option} 60s, or {option} 10min"),
    })
}

/// Scales the traffic so that its highest rate is this one, for the whole fleet.
fn set_rate(plan: &mut Plan, per_s: f64) -> Result<(), Failure> {
    let per_cell = per_s / f64::from(plan.cells_fleet);
    let Arrivals::Open { curve, .. } = &mut plan.arrivals else {
        return Err(Failure::Argument {
            message: "`--rate` does not fit a closed loop, whose users decide how much they ask".to_owned(),
            help: "leave --rate out, or change the users: --set traffic.closed.users=N".to_owned(),
        });
    };
    let highest = curve.iter().map(|(_, rate)| *rate).fold(0.0, f64::max);
    if highest <= 0.0 || per_s <= 0.0 {
        return Err(Failure::Argument {
            message: "there is no traffic to send at this rate".to_owned(),
            help: "give the scenario a rate above 0, and --rate too".to_owned(),
        });
    }
    curve.iter_mut().for_each(|(_, rate)| *rate *= per_cell / highest);
    Ok(())
}

fn peak_per_s(plan: &Plan, from_s: u32, cells: u32, speed: Speed) -> Option<f64> {
    let (Arrivals::Open { curve, .. }, Speed::Times(times)) = (&plan.arrivals, speed) else { return None };
    let (from_s, until_s) = (f64::from(from_s), f64::from(plan.duration_s));
    // What is played unsent loads nobody. A point before the beginning counts where the stretch after it is sent.
    let is_over = |index: usize| curve.get(index + 1).is_some_and(|(next, _)| *next <= from_s);
    let reached = curve.iter().enumerate().filter(|(index, (at, _))| *at <= until_s && !is_over(*index));
    Some(reached.map(|(_, (_, rate))| *rate).fold(0.0, f64::max) * f64::from(cells) * times)
}

fn mark_of(mark: &str) -> Result<(String, String), Failure> {
    match mark.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().to_owned(), value.to_owned())),
        _ => Err(Failure::Argument {
            message: format!("`--resource {mark}` has no key and value"),
            help: "write it as KEY=VALUE: --resource deployment.environment.name=drill".to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// *Scenario*: endpoints on this machine and on others, with and without a promise. *Guarantees*: nobody else's machine is loaded by
    /// a slip: names that begin like ours are others.
    #[test]
    fn nobody_is_loaded_by_a_slip() {
        let at = |url: &str| Endpoint::parse(url, Protocol::Grpc).unwrap();
        for url in ["http://127.0.0.1:4317", "http://localhost", "https://[::1]:4317", "http://127.8.9.1:1"] {
            assert!(may_be_loaded(&at(url), &[]).is_ok(), "{url}");
        }
        for url in ["http://10.0.0.1:4317", "http://localhost.example.com", "http://[::2]:1"] {
            let told = may_be_loaded(&at(url), &["other".to_owned()]).unwrap_err().to_string();
            assert!(told.contains("--yes-load"), "{told}");
        }
        assert!(may_be_loaded(&at("http://otel.example.com:4317"), &["otel.example.com".to_owned()]).is_ok());
    }

    /// *Scenario*: times to begin at: now, in a minute, in a day, a second ago, and now in milliseconds. *Guarantees*: what can't be meant is
    /// refused with its distance and the cure.
    #[test]
    fn a_beginning_lies_ahead() {
        let now = UNIX_EPOCH + Duration::from_millis(1_795_826_791_540);
        for start_at in [1_795_826_791, 1_795_826_851, 1_795_913_191] {
            assert!(is_ahead(start_at, now).is_ok(), "{start_at}");
        }
        let told = |start_at| is_ahead(start_at, now).unwrap_err().to_string();
        assert!(told(1_795_826_790).contains("lies 1 s in the past"), "{}", told(1_795_826_790));
        assert!(told(1_795_826_791_540).contains("more than a day"), "{}", told(1_795_826_791_540));
    }

    /// *Scenario*: a scenario with a curve at another rate. *Guarantees*: its highest point is the rate, over all cells of the fleet.
    #[test]
    fn a_rate_is_the_fleets_highest() {
        let loaded = load(&Source::from_arg("flash-sale"), &[]).unwrap();
        let mut plan = compile(&loaded.name, &loaded.scenario, 1);
        set_rate(&mut plan, 1_000.0).unwrap();
        let Arrivals::Open { curve, .. } = &plan.arrivals else { unreachable!() };
        let highest = curve.iter().map(|(_, rate)| *rate).fold(0.0, f64::max);
        assert!((highest * f64::from(plan.cells_fleet) - 1_000.0).abs() < 1e-6);
    }

    /// *Scenario*: a peak in the middle of a curve, sent across it, from its second half on, and from after it. *Guarantees*: only a peak that is
    /// sent counts against the ceiling.
    #[test]
    fn a_peak_that_is_not_sent_loads_nobody() {
        let loaded = load(&Source::from_arg("flash-sale"), &[]).unwrap();
        let mut plan = compile(&loaded.name, &loaded.scenario, 1);
        let Arrivals::Open { curve, .. } = &mut plan.arrivals else { unreachable!() };
        *curve = vec![(0.0, 1.0), (100.0, 9.0), (200.0, 1.0)];
        plan.duration_s = 300;
        let peak = |from_s| peak_per_s(&plan, from_s, 1, Speed::Times(1.0)).unwrap();
        assert_eq!((peak(0), peak(150), peak(200)), (9.0, 9.0, 1.0));
    }
}
