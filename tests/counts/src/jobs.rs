//! Jobs that run often enough to divide what they cost.

use std::{hint::black_box, rc::Rc};

use tokio::runtime::Runtime;

/// Something to count, which is prepared before.
pub type Job = Box<dyn FnMut()>;

/// Prepares a job that does the same thing this many times.
pub type Prepare = Box<dyn Fn(usize) -> Job>;

/// A path, and what it is compared with.
pub struct Case {
    /// The name in `counts.toml`.
    pub name: &'static str,
    /// How often the path is taken for one figure.
    pub repetitions: usize,
    /// The case whose instructions these are compared with.
    pub compared_with: Option<&'static str>,
    /// What is not counted: the same without the path.
    pub baseline: Prepare,
    /// The path, and what the baseline does.
    pub path: Prepare,
}

impl std::fmt::Debug for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Case").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Runs a job. Its own function, because valgrind counts between its start and its end.
#[inline(never)]
pub fn counted(job: &mut Job) {
    job();
    black_box(());
}

/// Creates the inputs, which is not counted, and runs `job` for each of them.
///
/// What a job allocates it should free: freeing many older things costs what a server never pays, and differs with their
/// order.
pub fn each<T, R, J>(runtime: &Rc<Runtime>, input: impl Fn() -> T + 'static, job: J) -> Prepare
where
    T: 'static,
    J: AsyncFn(&T) -> R + 'static,
{
    let (runtime, job) = (runtime.clone(), Rc::new(job));
    Box::new(move |count| {
        let inputs: Vec<T> = std::iter::repeat_with(&input).take(count).collect();
        let (runtime, job) = (runtime.clone(), job.clone());
        Box::new(move || {
            runtime.block_on(async {
                for input in &inputs {
                    black_box(job(black_box(input)).await);
                }
            });
        })
    })
}
