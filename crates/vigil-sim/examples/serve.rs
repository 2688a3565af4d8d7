//! Serves a simulator: `cargo run -p vigil-sim --example serve -- ADDRESS REPOSITORIES IMAGES [plain] [held]`.
//!
//! For measuring and for trying out; the command for users is `ecr-vigil demo`.

use std::error::Error;

use tokio::net::TcpListener;
use vigil_sim::{Profile, Sim, SimConfig};

#[tokio::main]
#[expect(clippy::print_stdout, reason = "whoever started the example needs the address")]
async fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let word = |at: usize| words.get(at).map(String::as_str);
    let has = |wanted: &str| words.iter().any(|word| word == wanted);
    let listener = TcpListener::bind(word(0).unwrap_or("127.0.0.1:0")).await?;
    println!("serving on http://{}", listener.local_addr()?);
    let sim = Sim::new(SimConfig {
        repositories: word(1).unwrap_or("40").parse()?,
        images: word(2).unwrap_or("1000").parse()?,
        profile: if has("plain") { Profile::plain() } else { Profile::lifelike() },
        clock_held: has("held"),
        ..SimConfig::default()
    });
    sim.serve(listener, std::future::pending()).await;
    Ok(())
}
