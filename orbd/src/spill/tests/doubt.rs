//! A server whose answer to a commit is lost: whether it was kept is found out, and it is kept once.

use std::io::{self, Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use tempfile::TempDir;

use super::{Books, bundle, ledger, names, until_over};
use crate::spill::{Keeper, Kept, Patience};
use crate::store::tests::cluster::Cluster;
use crate::store::{DatabaseUrl, Writer};

/// So long that only a lost connection is trouble.
const PATIENCE: Patience = Patience::SIMULATED;
/// The name of a server's socket in its folder.
const SOCKET: &str = ".s.PGSQL.5432";

/// Says when the next connection that commits is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    /// Never.
    Never = 0,
    /// Before the server hears of the commit.
    Before = 1,
    /// After the server has answered, and before the client hears of that.
    After = 2,
}

/// Stands between a client and the server, and cuts a connection at the moment that it is told; once.
struct Between {
    folder: TempDir,
    cut: Arc<AtomicUsize>,
}

impl Between {
    fn start(server: &Path) -> Self {
        let folder = tempfile::Builder::new().prefix("orb-cut-").tempdir().expect("a folder");
        let listener = UnixListener::bind(folder.path().join(SOCKET)).expect("a socket");
        let (cut, server) = (Arc::new(AtomicUsize::new(Cut::Never as usize)), server.join(SOCKET));
        let told = Arc::clone(&cut);
        // It ends with the test's process: nobody else connects.
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let (server, told) = (server.clone(), Arc::clone(&told));
                thread::spawn(move || drop(pass(client, &server, &told)));
            }
        });
        Self { folder, cut }
    }

    fn cut(&self, cut: Cut) {
        self.cut.store(cut as usize, Ordering::SeqCst);
    }

    fn has_cut(&self) -> bool {
        self.cut.load(Ordering::SeqCst) == Cut::Never as usize
    }
}

/// Passes on what client and server say until one of them ends, or the cut.
fn pass(mut client: UnixStream, server: &Path, told: &AtomicUsize) -> io::Result<()> {
    let mut server = UnixStream::connect(server)?;
    let (mut answers, mut listener) = (server.try_clone()?, client.try_clone()?);
    let mute = Arc::new(AtomicUsize::new(0));
    let is_mute = Arc::clone(&mute);
    thread::spawn(move || {
        let mut buffer = [0; 16_384];
        while let Ok(count @ 1..) = answers.read(&mut buffer) {
            if is_mute.load(Ordering::SeqCst) == 1 {
                // The server has answered, and nobody will know.
                break;
            }
            if listener.write_all(&buffer[..count]).is_err() {
                break;
            }
        }
        drop((listener.shutdown(Shutdown::Both), answers.shutdown(Shutdown::Both)));
    });
    let mut buffer = [0; 16_384];
    while let count @ 1.. = client.read(&mut buffer)? {
        if buffer[..count].windows(6).any(|word| word == b"COMMIT") {
            let cut = told.swap(Cut::Never as usize, Ordering::SeqCst);
            if cut == Cut::Before as usize {
                break;
            }
            mute.store(usize::from(cut == Cut::After as usize), Ordering::SeqCst);
        }
        server.write_all(&buffer[..count])?;
    }
    client.shutdown(Shutdown::Both)?;
    server.shutdown(Shutdown::Both)
}

/// One test, so that both cuts share the cluster and it ends with them.
#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_kept_once() {
    let Some(cluster) = Cluster::start() else { return };
    for cut in [Cut::Before, Cut::After] {
        let address = cluster.database();
        let (address, server) = address.split_once("?host=").expect("the folder of its socket");
        let between = Between::start(&PathBuf::from(server));
        let url = format!("{address}?host={}", between.folder.path().display());
        let books = Books { url: DatabaseUrl::parse(&url).expect("an address"), ..Books::new() };
        let writer = Writer::open(&books.url, ledger(), names()).expect("a writer");
        let mut keeper = Keeper::start(writer, books.folder.path(), PATIENCE).expect("threads");
        assert_eq!(keeper.keep(bundle(1)).await.expect("kept"), Kept::Committed, "{cut:?}");
        between.cut(cut);
        assert_eq!(keeper.keep(bundle(2)).await.expect("kept"), Kept::Spilled, "{cut:?}");
        assert!(between.has_cut(), "{cut:?}");
        assert_eq!(keeper.keep(bundle(3)).await.expect("kept"), Kept::Spilled, "{cut:?}");
        until_over(&mut keeper).await;
        keeper.resume();
        assert_eq!(keeper.keep(bundle(4)).await.expect("kept"), Kept::Committed, "{cut:?}");
        keeper.remove_spill();
        keeper.finish().await.expect("a good end");
        drop(keeper);
        assert_eq!(books.kept(), (4, (1..=4).collect()), "{cut:?}");
    }
}
